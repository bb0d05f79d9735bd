import type {
  Collector,
  FilterFunction,
  FlatMapFunction,
  KeySelector,
  MapFunction,
  Partitioner,
  ReduceFunction,
  RichFunction,
  Sync,
} from '@flink-ts/core'

/** What an element becomes: a plain function, or an object with `open` and `close`. */
export type Mapper<T, R> = ((value: T) => Sync<R>) | MapFunction<T, Sync<R>>

/** Whether an element stays. */
export type Filter<T> = ((value: T) => boolean) | FilterFunction<T>

/**
 * The elements that one becomes, as an array or any other iterable object; null and undefined mean
 * none, so that `line.match(/…/g)` will do. A string is no such answer.
 */
export type IterableFlatMapper<T, R> = (value: T) => (Iterable<R> & object) | null | undefined

/** Emits the elements that one becomes into `out`, or is an object with `open` and `close`. */
export type CollectorFlatMapper<T, R> =
  // biome-ignore lint/suspicious/noConfusingVoidType: a mere `void` would accept an async function
  ((value: T, out: Collector<R>) => void | undefined) | FlatMapFunction<T, R>

/** What can be a key: see `encodeKey` of `@flink-ts/core`. */
export type ValidKey<K> = K extends
  | ((...args: never[]) => unknown)
  | PromiseLike<unknown>
  | symbol
  | null
  | undefined
  ? never
  : K

/** The key of an element: a pure function of it. */
export type KeyOf<T, K> = ((value: T) => ValidKey<K>) | KeySelector<T, ValidKey<K>>

/** Combines two elements of one key into one. May change and answer its first argument, never its second. */
export type Reducer<T> = ((a: T, b: T) => T) | ReduceFunction<T>

/** The channel for a key: 0 ≤ n < numberOfPartitions. */
export type PartitionChoice<K> = ((key: K, numberOfPartitions: number) => number) | Partitioner<K>

/** What a {@link ProcessFunction} knows of the element at hand; valid during the call only. */
export interface ProcessContext {
  /** Event time in ms, if the element has one. */
  timestamp(): number | undefined
}

/** {@link ProcessContext} behind `keyBy`. */
export interface KeyedProcessContext<K> extends ProcessContext {
  getCurrentKey(): K
}

/** Takes each element and emits any number. Timers are not available yet. */
export interface ProcessFunction<T, R> extends RichFunction {
  // biome-ignore lint/suspicious/noConfusingVoidType: a mere `void` would accept an async function
  processElement(value: T, context: ProcessContext, out: Collector<R>): void | undefined
}

/** {@link ProcessFunction} behind `keyBy`, with keyed state through `open`. Timers are not available yet. */
export interface KeyedProcessFunction<K, T, R> extends RichFunction {
  // biome-ignore lint/suspicious/noConfusingVoidType: a mere `void` would accept an async function
  processElement(value: T, context: KeyedProcessContext<K>, out: Collector<R>): void | undefined
}

/** Fields of `T` that hold numbers. */
export type NumericField<T> = {
  [F in keyof T]-?: T[F] extends number ? F : never
}[keyof T]

/** Fields of `T` that can be ordered. */
export type ComparableField<T> = {
  [F in keyof T]-?: T[F] extends number | string | bigint | Date ? F : never
}[keyof T]
