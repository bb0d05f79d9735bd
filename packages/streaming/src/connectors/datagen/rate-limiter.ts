import type { Clock } from '@flink-ts/core'

/** Decides when a reader may emit its next elements. One per reader. */
export interface RateLimiter {
  /** How many elements may be emitted now, `wanted` at the most; they count as emitted. */
  acquire(wanted: number): number
  /** Milliseconds until `acquire` may answer more than 0; undefined: not before the next checkpoint. */
  delayMs(): number | undefined
  /** A checkpoint that the reader's source took part in is complete. */
  notifyCheckpointComplete?(): void
}

/** Makes the limiter of each reader. */
export interface RateLimiterStrategy {
  createRateLimiter(clock: Clock, parallelism: number): RateLimiter
}

/** The strategies that Flink's generator source has. */
export const RateLimiterStrategy = {
  /** No limit. */
  noOp(): RateLimiterStrategy {
    return { createRateLimiter: () => ({ acquire: (wanted) => wanted, delayMs: () => 0 }) }
  },

  /**
   * About `recordsPerSecond` of all readers together, each has an equal share of it. May be below 1.
   *
   * @throws RangeError unless it is a finite number above 0
   */
  perSecond(recordsPerSecond: number): RateLimiterStrategy {
    checkPositive('records per second', recordsPerSecond)
    return {
      createRateLimiter: (clock, parallelism) =>
        new PerSecondLimiter(clock, recordsPerSecond / parallelism),
    }
  },

  /**
   * `recordsPerCheckpoint` of all readers together, then none until the next checkpoint is complete; for tests.
   *
   * @throws RangeError unless it is a whole number above 0
   */
  perCheckpoint(recordsPerCheckpoint: number): RateLimiterStrategy {
    checkPositive('records per checkpoint', recordsPerCheckpoint)
    return {
      createRateLimiter: (_clock, parallelism) =>
        new PerCheckpointLimiter(Math.max(1, Math.floor(recordsPerCheckpoint / parallelism))),
    }
  },
}

/** What was not used for longer than this is lost, so that a pause is not followed by a flood. */
const BURST_MS = 100

class PerSecondLimiter implements RateLimiter {
  readonly #clock: Clock
  readonly #perMs: number
  readonly #most: number
  #credit = 1
  #at: number

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock
    this.#perMs = perSecond / 1000
    this.#most = Math.max(1, this.#perMs * BURST_MS)
    this.#at = clock.monotonicNow()
  }

  acquire(wanted: number): number {
    const now = this.#clock.monotonicNow()
    this.#credit = Math.min(this.#most, this.#credit + (now - this.#at) * this.#perMs)
    this.#at = now
    const granted = Math.min(wanted, Math.floor(this.#credit))
    this.#credit -= granted
    return granted
  }

  delayMs(): number {
    return Math.max(0, (1 - this.#credit) / this.#perMs)
  }
}

class PerCheckpointLimiter implements RateLimiter {
  readonly #perCheckpoint: number
  #left: number

  constructor(perCheckpoint: number) {
    this.#perCheckpoint = perCheckpoint
    this.#left = perCheckpoint
  }

  acquire(wanted: number): number {
    const granted = Math.min(wanted, this.#left)
    this.#left -= granted
    return granted
  }

  delayMs(): number | undefined {
    return this.#left > 0 ? 0 : undefined
  }

  notifyCheckpointComplete(): void {
    this.#left = this.#perCheckpoint
  }
}

function checkPositive(what: string, value: number): void {
  if (Number.isFinite(value) && value > 0) return
  throw new RangeError(`Cannot limit a source to ${value} ${what}: expected a number above 0`)
}
