import type { Output, SourceStreamOperator } from '../../operators/stream-operator.js'
import { MAX_WATERMARK } from '../../operators/watermarks.js'
import type { HeadDriver, HeadResult } from './head-driver.js'

/** Has a source emit. How much a source emits at once is its own affair. */
export class SourceDriver implements HeadDriver {
  readonly recordCount = 0
  readonly #source: SourceStreamOperator
  readonly #output: Output
  readonly #fail: (error: unknown) => void
  /** The source has nothing, and has not said that this changed. */
  #isWaiting = false
  #hasEnded = false
  #callback: (() => void) | undefined

  /**
   * @param output of the source, for its last watermark
   * @param fail told when the source breaks while it has nothing
   */
  constructor(source: SourceStreamOperator, output: Output, fail: (error: unknown) => void) {
    this.#source = source
    this.#output = output
    this.#fail = fail
  }

  processBatch(): HeadResult {
    if (this.#hasEnded) return 'END_OF_INPUT'
    if (this.#isWaiting) return 'NOTHING_AVAILABLE'
    switch (this.#source.emitNext()) {
      case 'MORE_AVAILABLE':
        return 'MORE'
      case 'END_OF_INPUT':
        this.#hasEnded = true
        this.#output.emitWatermark(MAX_WATERMARK)
        return 'END_OF_DATA'
      case 'NOTHING_AVAILABLE':
        this.#isWaiting = true
        this.#source.isAvailable().then(() => {
          this.#isWaiting = false
          this.#callback?.()
        }, this.#fail)
        // Before that it may have emitted something.
        return 'MORE'
    }
  }

  pollPriority(): boolean {
    return false
  }

  onPriority(): void {}

  end(drain: boolean): void {
    if (drain && !this.#hasEnded) this.#output.emitWatermark(MAX_WATERMARK)
    this.#hasEnded = true
  }

  onAvailable(callback: () => void): void {
    this.#callback = callback
  }
}
