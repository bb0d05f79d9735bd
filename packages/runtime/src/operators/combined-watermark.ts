import type { Output } from './stream-operator.js'
import { NO_WATERMARK } from './watermarks.js'

interface PartialWatermark {
  watermark: number
  isIdle: boolean
}

/**
 * The event time of an operator with several inputs (Flink's `CombinedWatermarkStatus`): the least watermark of the
 * inputs that are not idle, never decreasing. Idle only when all are.
 */
export class CombinedWatermark {
  readonly #inputs: readonly PartialWatermark[]
  readonly #output: Pick<Output, 'emitWatermark' | 'emitWatermarkStatus'>
  #watermark = NO_WATERMARK
  #isIdle = false

  /** @param output where what changes is emitted */
  constructor(
    numberOfInputs: number,
    output: Pick<Output, 'emitWatermark' | 'emitWatermarkStatus'>,
  ) {
    this.#inputs = Array.from({ length: numberOfInputs }, () => ({
      watermark: NO_WATERMARK,
      isIdle: false,
    }))
    this.#output = output
  }

  /** What was emitted last, `NO_WATERMARK` before the first. */
  get currentWatermark(): number {
    return this.#watermark
  }

  /** @param input from 0. It is not idle any more */
  updateWatermark(input: number, timestampMs: number): void {
    const partial = this.#inputs[input]!
    partial.isIdle = false
    if (timestampMs > partial.watermark) partial.watermark = timestampMs
    this.#update()
  }

  updateStatus(input: number, status: 'ACTIVE' | 'IDLE'): void {
    this.#inputs[input]!.isIdle = status === 'IDLE'
    this.#update()
  }

  #update(): void {
    let least = Number.POSITIVE_INFINITY
    for (const { watermark, isIdle } of this.#inputs) {
      if (!isIdle && watermark < least) least = watermark
    }
    const isIdle = least === Number.POSITIVE_INFINITY
    if (!isIdle && this.#isIdle) this.#setIdle(false)
    if (!isIdle && least > this.#watermark) {
      this.#watermark = least
      this.#output.emitWatermark(least)
    }
    if (isIdle && !this.#isIdle) this.#setIdle(true)
  }

  #setIdle(isIdle: boolean): void {
    this.#isIdle = isIdle
    this.#output.emitWatermarkStatus(isIdle ? 'IDLE' : 'ACTIVE')
  }
}
