/** A timer of a key: it fires once, unless it is deleted before. */
export interface InternalTimer<N> {
  /** When it fires, in ms since the epoch. */
  readonly timestamp: number
  readonly key: unknown
  readonly namespace: N
}

/** What timers of an operator call. The key of the timer is the current one of the keyed state meanwhile. */
export interface Triggerable<N> {
  onEventTime(timer: InternalTimer<N>): void
  onProcessingTime(timer: InternalTimer<N>): void
}

/**
 * Timers by key and namespace, a part of the operator's keyed state. They are registered and deleted for the current key; to
 * register one that is there does nothing. Timers fire in the order of their timestamps, those of one timestamp in the
 * order in which they were registered; both only as long as the timers are not restored.
 */
export interface InternalTimerService<N> {
  /** Of the clock, in ms since the epoch. */
  currentProcessingTime(): number
  /** The watermark that the operator has handed in; `NO_WATERMARK` before the first, also after a restore. */
  readonly currentWatermark: number
  /** Fires when the clock has reached `timestampMs`; soon, if it has already. */
  registerProcessingTimeTimer(namespace: N, timestampMs: number): void
  deleteProcessingTimeTimer(namespace: N, timestampMs: number): void
  /** Fires with the next watermark that is not before `timestampMs`. */
  registerEventTimeTimer(namespace: N, timestampMs: number): void
  deleteEventTimeTimer(namespace: N, timestampMs: number): void
  /**
   * Fires what is due, then calls `then`, which sends the watermark on. A timer that is registered meanwhile and is due fires as
   * well. Within the call, unless timers are interruptible (`execution.checkpointing.unaligned.interruptible-timers.enabled`): in turns
   * of the task then, which processes nothing else meanwhile. Watermarks that are not higher than the last one fire nothing.
   */
  advanceWatermark(timestampMs: number, then?: () => void): void
  readonly numberOfTimers: number
}
