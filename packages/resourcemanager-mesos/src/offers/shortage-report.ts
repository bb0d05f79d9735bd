import type { CancelTimer, Clock } from '@flink-ts/core'
import type { UnsatisfiedListener } from './placement.js'
import { Shortage } from './shortage.js'
import type { WaitingRequests } from './waiting-requests.js'

/** How often it is looked whether somebody waits too long. */
const INTERVAL_MS = 30_000

export interface ShortageReportOptions {
  readonly clock: Clock
  readonly roles: readonly string[]
  readonly waiting: WaitingRequests
  readonly onUnsatisfied: UnsatisfiedListener
  /** Somebody waits too long, and no offer has come at all. */
  readonly onSilence: () => void
}

/** Says, while offers are gathered, why tasks wait too long for a place. */
export class ShortageReport {
  /** What was seen of offers since they are gathered. */
  readonly seen: Shortage
  readonly #options: ShortageReportOptions
  #sinceMs = 0
  #cancelTimer: CancelTimer | undefined

  constructor(options: ShortageReportOptions) {
    this.#options = options
    this.seen = new Shortage(options.roles)
  }

  /** Offers are gathered from now on. */
  start(): void {
    this.seen.reset()
    this.#sinceMs = this.#options.clock.monotonicNow()
    this.#schedule()
  }

  /** They are not; idempotent. */
  stop(): void {
    this.seen.reset()
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  #schedule(): void {
    this.#cancelTimer = this.#options.clock.schedule(INTERVAL_MS, () => {
      this.#schedule()
      this.#explain()
    })
  }

  #explain(): void {
    const { clock, waiting, onUnsatisfied, onSilence } = this.#options
    const late = waiting.late(INTERVAL_MS)
    if (late.length === 0) return
    if (!this.seen.hasSeenOffers) onSilence()
    const seconds = Math.round((clock.monotonicNow() - this.#sinceMs) / 1000)
    const explanation = this.seen.explain(late, seconds)
    onUnsatisfied(
      late.map(({ request }) => request.taskId),
      explanation,
    )
  }
}
