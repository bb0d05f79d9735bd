import type { Collector, RichFunction, Sync } from '@flink-ts/core'
import type { KeyedProcessContext, OnTimerContext, ProcessContext } from './function-types.js'

/** Turns each element of two streams into one: `map1` those of the first stream, `map2` those of the second. */
export interface CoMapFunction<T1, T2, R> extends RichFunction {
  map1(value: T1): Sync<R>
  map2(value: T2): Sync<R>
}

// biome-ignore lint/suspicious/noConfusingVoidType: a mere `void` would accept an async function
type Emitted<R> = (Iterable<R> & object) | null | undefined | void

/** Turns each element of two streams into any number, which it answers or puts into `out`. */
export interface CoFlatMapFunction<T1, T2, R> extends RichFunction {
  flatMap1(value: T1, out: Collector<R>): Emitted<R>
  flatMap2(value: T2, out: Collector<R>): Emitted<R>
}

/** Takes each element of two streams with its context, emits any number. */
export interface CoProcessFunction<T1, T2, R, C = ProcessContext> extends RichFunction {
  // biome-ignore lint/suspicious/noConfusingVoidType: a mere `void` would accept an async function
  processElement1(value: T1, context: C, out: Collector<R>): void | undefined
  // biome-ignore lint/suspicious/noConfusingVoidType: a mere `void` would accept an async function
  processElement2(value: T2, context: C, out: Collector<R>): void | undefined
}

/** {@link CoProcessFunction} where both streams have keys: its state is that of the key at hand, and it has timers. */
export interface KeyedCoProcessFunction<K, T1, T2, R>
  extends CoProcessFunction<T1, T2, R, KeyedProcessContext<K>> {
  /** As that of a {@link KeyedProcessFunction}. */
  // biome-ignore lint/suspicious/noConfusingVoidType: a mere `void` would accept an async function
  onTimer?(timestampMs: number, context: OnTimerContext<K>, out: Collector<R>): void | undefined
}
