/** Takes what a {@link WatermarkGenerator} finds out. */
export interface WatermarkOutput {
  /** No element with this timestamp or an older one is expected any more, in ms. Lower than the last one: ignored. */
  emitWatermark(timestampMs: number): void
  /** There are no elements for now: watermarks do not wait for this stream. A watermark ends it. */
  markIdle(): void
  markActive(): void
}

/** Finds watermarks in the elements of one subtask. */
export interface WatermarkGenerator<T> {
  /** @param timestampMs NaN if the element has none */
  onEvent(event: T, timestampMs: number, output: WatermarkOutput): void
  /** Called every `pipeline.auto-watermark-interval`, and when the input has ended. */
  onPeriodicEmit(output: WatermarkOutput): void
}

/** What a generator is made with. */
export interface WatermarkGeneratorContext {
  /** Milliseconds that pass on the clock; only differences mean anything. */
  relativeTimeMs(): number
}
