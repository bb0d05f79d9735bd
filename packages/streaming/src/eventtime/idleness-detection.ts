import type {
  WatermarkGenerator,
  WatermarkGeneratorContext,
  WatermarkOutput,
} from './watermark-generator.js'

/** Says that the stream is idle when no element has come for some time. */
export class IdlenessDetection<T> implements WatermarkGenerator<T> {
  readonly #generator: WatermarkGenerator<T>
  readonly #timeoutMs: number
  readonly #context: WatermarkGeneratorContext
  #hasEvents = false
  #lastEventMs: number
  #isIdle = false

  constructor(
    generator: WatermarkGenerator<T>,
    timeoutMs: number,
    context: WatermarkGeneratorContext,
  ) {
    this.#generator = generator
    this.#timeoutMs = timeoutMs
    this.#context = context
    this.#lastEventMs = context.relativeTimeMs()
  }

  onEvent(event: T, timestampMs: number, output: WatermarkOutput): void {
    // The clock is asked when watermarks are, not for each element.
    this.#hasEvents = true
    if (this.#isIdle) {
      this.#isIdle = false
      output.markActive()
    }
    this.#generator.onEvent(event, timestampMs, output)
  }

  onPeriodicEmit(output: WatermarkOutput): void {
    const now = this.#context.relativeTimeMs()
    if (this.#hasEvents) {
      this.#hasEvents = false
      this.#lastEventMs = now
    }
    if (now - this.#lastEventMs < this.#timeoutMs) {
      this.#generator.onPeriodicEmit(output)
    } else if (!this.#isIdle) {
      this.#isIdle = true
      output.markIdle()
    }
  }
}
