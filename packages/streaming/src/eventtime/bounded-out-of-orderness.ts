import type { WatermarkGenerator, WatermarkOutput } from './watermark-generator.js'

/** The highest timestamp so far, less the disorder that is allowed. */
export class BoundedOutOfOrderness<T> implements WatermarkGenerator<T> {
  readonly #boundMs: number
  #highest = Number.NEGATIVE_INFINITY

  constructor(boundMs: number) {
    this.#boundMs = boundMs
  }

  onEvent(_event: T, timestampMs: number): void {
    // NaN, of an element without a timestamp, is higher than nothing.
    if (timestampMs > this.#highest) this.#highest = timestampMs
  }

  onPeriodicEmit(output: WatermarkOutput): void {
    // Elements of the same timestamp may follow.
    if (this.#highest > Number.NEGATIVE_INFINITY) {
      output.emitWatermark(this.#highest - this.#boundMs - 1)
    }
  }
}
