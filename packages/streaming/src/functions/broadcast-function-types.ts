import type {
  BroadcastState,
  Collector,
  MapStateDescriptor,
  ReadOnlyBroadcastState,
  RichFunction,
} from '@flink-ts/core'
import type { KeyedProcessContext, OnTimerContext, ProcessContext } from './function-types.js'

/** Broadcast state for who must not change it: other subtasks do not see the same elements. */
export interface ReadsBroadcastState {
  /** @throws InvalidProgramError unless the state was named when the stream was broadcast */
  getBroadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): ReadOnlyBroadcastState<K, V>
}

/** What a function knows of a broadcast element; valid during the call only. There is no key at hand. */
export interface BroadcastContext {
  /** Event time in ms, if the element has one. */
  timestamp(): number | undefined
  currentProcessingTime(): number
  currentWatermark(): number
  /**
   * State that all subtasks change in the same way, each by itself: by the broadcast elements alone, whose order may be another
   * one in each subtask.
   *
   * @throws InvalidProgramError unless the state was named when the stream was broadcast
   */
  getBroadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): BroadcastState<K, V>
}

/** Takes the elements of a stream, and all those of a broadcast one in every subtask. */
export interface BroadcastProcessFunction<T, B, R, C = ProcessContext & ReadsBroadcastState>
  extends RichFunction {
  // biome-ignore lint/suspicious/noConfusingVoidType: a mere `void` would accept an async function
  processElement(value: T, context: C, out: Collector<R>): void | undefined
  processBroadcastElement(
    value: B,
    context: BroadcastContext,
    out: Collector<R>,
    // biome-ignore lint/suspicious/noConfusingVoidType: a mere `void` would accept an async function
  ): void | undefined
}

/** {@link BroadcastProcessFunction} where the stream has keys: with state per key and timers. */
export interface KeyedBroadcastProcessFunction<K, T, B, R>
  extends BroadcastProcessFunction<T, B, R, KeyedProcessContext<K> & ReadsBroadcastState> {
  onTimer?(
    timestampMs: number,
    context: OnTimerContext<K> & ReadsBroadcastState,
    out: Collector<R>,
    // biome-ignore lint/suspicious/noConfusingVoidType: a mere `void` would accept an async function
  ): void | undefined
}
