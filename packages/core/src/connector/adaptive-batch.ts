import type { Clock } from '../clock/clock.js'

/** A batch that took longer is followed by a smaller one, in ms. */
const LONG_MS = 8
/** A batch that was shorter is followed by a larger one, in ms. */
const SHORT_MS = 4

/**
 * How many records to handle before looking up: many while they are quick, one while they are slow. So a task whose
 * functions take 50 ms each still flushes, answers its cancellation and counts what it has done in between, and one
 * whose functions take 50 ns does not spend its time on looking up.
 */
export class AdaptiveBatch {
  readonly #clock: Clock
  readonly #most: number
  #size = 1
  #startMs = 0

  /** @param most size of the largest batch */
  constructor(clock: Clock, most: number) {
    this.#clock = clock
    this.#most = most
  }

  /** Begins a batch and answers its size, from 1 to the largest. */
  begin(): number {
    this.#startMs = this.#clock.monotonicNow()
    return this.#size
  }

  /** The batch has been handled. */
  end(): void {
    const tookMs = this.#clock.monotonicNow() - this.#startMs
    if (tookMs > LONG_MS) {
      this.#size = Math.max(1, Math.floor((this.#size * LONG_MS) / tookMs))
    } else if (tookMs < SHORT_MS && this.#size < this.#most) {
      this.#size = Math.min(this.#most, this.#size * 2)
    }
  }
}
