import type { Accumulator } from '../accumulators/accumulator.js'
import type { DoubleCounter, IntCounter, LongCounter } from '../accumulators/counters.js'
import type { Histogram } from '../accumulators/histogram.js'
import type { StateDeclaration } from './state-declaration.js'
import type { KeyedStateStore } from './state-stores.js'

/** The part of the world that a rich function is opened with. Its states are keyed: only in functions behind `keyBy`. */
export interface RuntimeContext extends KeyedStateStore {
  readonly jobId: string
  readonly jobName: string
  readonly taskName: string
  readonly operatorName: string
  readonly indexOfThisSubtask: number
  readonly numberOfParallelSubtasks: number
  readonly maxNumberOfParallelSubtasks: number
  /** 0 at first, one more with each restart of the subtask. */
  readonly attemptNumber: number
  /**
   * Registers an accumulator: what all subtasks add to those of this name is in the job's result. The accumulators of
   * a task are one set, also those of several functions in it. A subtask that is restarted begins anew.
   *
   * @throws AccumulatorError if the task has one of this name, or its kind is not one of this package
   */
  addAccumulator<V, R>(name: string, accumulator: Accumulator<V, R>): void
  /** The accumulator that was registered under this name; undefined if none was. */
  getAccumulator<V, R>(name: string): Accumulator<V, R> | undefined
  /** The counter of this name, registered if need be. @throws AccumulatorError if it is of another kind */
  getIntCounter(name: string): IntCounter
  /** The counter of this name, registered if need be. @throws AccumulatorError if it is of another kind */
  getLongCounter(name: string): LongCounter
  /** The counter of this name, registered if need be. @throws AccumulatorError if it is of another kind */
  getDoubleCounter(name: string): DoubleCounter
  /** The histogram of this name, registered if need be. @throws AccumulatorError if it is of another kind */
  getHistogram(name: string): Histogram
}

/** What every function object may have beside its one method. */
export interface RichFunction {
  /** States that `open` or `initializeState` asks for, for a check before any task starts. Need not be complete. */
  readonly declaredStates?: readonly StateDeclaration[]
  /** Before the first record. */
  open?(context: RuntimeContext): void | Promise<void>
  /** After the last record, also when the task failed or was cancelled. */
  close?(): void | Promise<void>
}

/** Takes emitted values; valid only during the call it was handed to. */
export interface Collector<T> {
  collect(value: T): void
}

/** Refuses functions that answer a Promise: nobody would wait for it. */
export type Sync<R> = R extends PromiseLike<unknown> ? never : R

/** One value for each. */
export interface MapFunction<T, R> extends RichFunction {
  map(value: T): R
}

/** Keeps the values for which it answers true. */
export interface FilterFunction<T> extends RichFunction {
  filter(value: T): boolean
}

/** Any number of values for each. */
export interface FlatMapFunction<T, R> extends RichFunction {
  flatMap(value: T, out: Collector<R>): void
}

/** Combines two values of one key into one. Should be associative: who comes first is not promised. */
export interface ReduceFunction<T> extends RichFunction {
  reduce(a: T, b: T): T
}

/** The key of a value: always the same for equal values; see {@link encodeKey} for what may be one. */
export interface KeySelector<T, K> {
  getKey(value: T): K
}

/** Which of the channels 0 to `numberOfPartitions - 1` a key goes to. */
export interface Partitioner<K> {
  partition(key: K, numberOfPartitions: number): number
}
