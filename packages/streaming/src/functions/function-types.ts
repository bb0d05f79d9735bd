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
 * The elements that one becomes: answered as an array or any other iterable object (null and undefined mean none,
 * so that `line.match(/…/g)` will do, and a string is no such answer), or put into `out`. Or an object with `open`
 * and `close`.
 */
export type FlatMapper<T, R> =
  | ((
      value: T,
      out: Collector<R>,
      // biome-ignore lint/suspicious/noConfusingVoidType: a mere `void` would accept an async function
    ) => (Iterable<R> & object) | null | undefined | void)
  | FlatMapFunction<T, R>

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

/** Fields of `T`, or indexes of a tuple, whose values are of type `V`. */
export type FieldOfType<T, V> = T extends readonly unknown[]
  ? { [I in keyof T & `${number}`]: T[I] extends V ? IndexOf<I> : never }[keyof T & `${number}`]
  : { [F in keyof T]-?: T[F] extends V ? F : never }[keyof T]

type IndexOf<I> = I extends `${infer N extends number}` ? N : never

/** What `sum` can add up. */
export type NumericField<T> = FieldOfType<T, number | bigint>

/** What `min` and `max` can order. */
export type ComparableField<T> = FieldOfType<T, number | bigint | string | Date>
