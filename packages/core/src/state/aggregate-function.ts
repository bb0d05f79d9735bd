/** Aggregates values into an accumulator, and an accumulator into a result. */
export interface AggregateFunction<IN, ACC, OUT> {
  createAccumulator(): ACC
  /** @returns the accumulator with the value in it; may be the same one, changed */
  add(value: IN, accumulator: ACC): ACC
  getResult(accumulator: ACC): OUT
  /** @returns both in one; may be one of them, changed */
  merge(a: ACC, b: ACC): ACC
}
