import type { CancelTimer } from '@flink-ts/core'
import type { ScheduleAction } from './slot-provider.js'

export interface MatchingRoundsOptions {
  readonly schedule: ScheduleAction
  /** `slot.request.max-interval`: how long a round waits for more slots or wishes. Milliseconds. */
  readonly intervalMs: number
  /** Whether every wish could be served now: nothing is worth waiting for. */
  readonly isComplete: () => boolean
  readonly match: () => void
}

/** Collects slots and wishes that come close together, so that they are matched in view of each other. */
export class MatchingRounds {
  readonly #options: MatchingRoundsOptions
  #cancelTimer: CancelTimer | undefined

  constructor(options: MatchingRoundsOptions) {
    this.#options = options
  }

  /** A slot or a wish came: the next round waits for others from now on, unless all is there. */
  changed(): void {
    const { schedule, intervalMs, isComplete } = this.#options
    this.#cancelTimer?.()
    this.#cancelTimer = schedule(isComplete() ? 0 : intervalMs, () => {
      this.#cancelTimer = undefined
      this.#options.match()
    })
  }

  close(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }
}
