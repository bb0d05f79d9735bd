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

/** Which clock a timer goes by. */
export type TimeDomain = 'EVENT_TIME' | 'PROCESSING_TIME'

/**
 * The clocks of an operator, and timers of the current key; usable during a call only. A timer of a key, clock and time is one, however
 * often it is registered; when it fires, `onTimer` is called once, never at the same time as anything else of the operator. Timers
 * need keys and an `onTimer`; they are in checkpoints. Times are ms since the epoch.
 */
export interface TimerService {
  /** Of the machine. */
  currentProcessingTime(): number
  /** `NO_WATERMARK` before the first one, also after a restore. */
  currentWatermark(): number
  /** Fires when the machine's clock has reached the time; soon, if it has already. Not any more when the input has ended. */
  registerProcessingTimeTimer(timestampMs: number): void
  /** Fires with the first watermark that is not before the time, before the watermark goes on; at the latest at the end of input. */
  registerEventTimeTimer(timestampMs: number): void
  /** Does nothing if there is no such timer. */
  deleteProcessingTimeTimer(timestampMs: number): void
  /** Does nothing if there is no such timer. */
  deleteEventTimeTimer(timestampMs: number): void
}

/** What a {@link ProcessFunction} knows of the element at hand; valid during the call only. */
export interface ProcessContext {
  /** Event time in ms, if the element has one. */
  timestamp(): number | undefined
  /** The clocks; timers only behind `keyBy`. */
  timerService(): TimerService
}

/** {@link ProcessContext} behind `keyBy`. */
export interface KeyedProcessContext<K> extends ProcessContext {
  getCurrentKey(): K
}

/** {@link KeyedProcessContext} of a timer that fires: its time is that of the timer. */
export interface OnTimerContext<K> extends KeyedProcessContext<K> {
  timeDomain(): TimeDomain
}

/** Takes each element and emits any number. */
export interface ProcessFunction<T, R> extends RichFunction {
  // biome-ignore lint/suspicious/noConfusingVoidType: a mere `void` would accept an async function
  processElement(value: T, context: ProcessContext, out: Collector<R>): void | undefined
}

/** {@link ProcessFunction} behind `keyBy`, with keyed state through `open`, and timers. */
export interface KeyedProcessFunction<K, T, R> extends RichFunction {
  // biome-ignore lint/suspicious/noConfusingVoidType: a mere `void` would accept an async function
  processElement(value: T, context: KeyedProcessContext<K>, out: Collector<R>): void | undefined
  /** A timer fires; state is that of its key. What it emits has the timer's time if that is event time, else none. */
  // biome-ignore lint/suspicious/noConfusingVoidType: a mere `void` would accept an async function
  onTimer?(timestampMs: number, context: OnTimerContext<K>, out: Collector<R>): void | undefined
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
