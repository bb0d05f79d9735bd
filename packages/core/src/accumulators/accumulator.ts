/**
 * Gathers something over all records of a job: each subtask has one under the same name and adds to it, the cluster
 * merges them, and the job's result has what comes out.
 *
 * The merging is done by the cluster, which runs no code of programs: only the kinds of this package (and classes that
 * extend them, which are merged as what they extend) can be registered.
 */
export interface Accumulator<V, R = V> {
  /** Name of the kind, such as `IntCounter`: what the cluster merges by. */
  readonly typeName: string
  add(value: V): void
  /** What this subtask has gathered. */
  getLocalValue(): R
  /** Back to the beginning. */
  resetLocal(): void
  /** Takes over what another one of the same kind has gathered. */
  merge(other: Accumulator<V, R>): void
}

/** An accumulator of a kind that the cluster knows: its state crosses threads and processes. */
export interface PortableAccumulator<V, R = V> extends Accumulator<V, R> {
  /** What there is to merge: a value that can be cloned. */
  toState(): unknown
  /**
   * Takes over a state of {@link toState}.
   *
   * @throws AccumulatorError if it is none
   */
  mergeState(state: unknown): void
}
