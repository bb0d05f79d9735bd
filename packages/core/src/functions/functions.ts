/** The part of the world that a rich function is opened with. */
export interface RuntimeContext {
  readonly jobId: string
  readonly jobName: string
  readonly taskName: string
  readonly operatorName: string
  readonly indexOfThisSubtask: number
  readonly numberOfParallelSubtasks: number
  readonly maxNumberOfParallelSubtasks: number
  readonly attemptNumber: number
  /** Keyed value state of this name; only in functions behind `keyBy`. */
  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T>
}

export interface ValueStateDescriptor<T> {
  readonly name: string
  /** What `value()` answers for a key that has none. */
  readonly defaultValue?: T
}

/** One value for the key that is being processed. */
export interface ValueState<T> {
  value(): T | undefined
  update(value: T): void
  clear(): void
}

/** What every function object may have beside its one method. */
export interface RichFunction {
  open?(context: RuntimeContext): void | Promise<void>
  close?(): void | Promise<void>
}

/** Takes emitted values; valid only during the call it was handed to. */
export interface Collector<T> {
  collect(value: T): void
}

/** Refuses functions that answer a Promise: those belong into `mapAsync`. */
export type Sync<R> = R extends PromiseLike<unknown> ? never : R

export interface MapFunction<T, R> extends RichFunction {
  map(value: T): R
}
export interface FilterFunction<T> extends RichFunction {
  filter(value: T): boolean
}
export interface FlatMapFunction<T, R> extends RichFunction {
  flatMap(value: T, out: Collector<R>): void
}
export interface ReduceFunction<T> extends RichFunction {
  reduce(a: T, b: T): T
}
export interface KeySelector<T, K> {
  getKey(value: T): K
}
export interface Partitioner<K> {
  partition(key: K, numberOfPartitions: number): number
}
