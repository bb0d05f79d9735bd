import type { CancelTimer, Clock } from '@flink-ts/core'
import type { HindranceListener, UnsatisfiedListener } from './placement.js'
import { Shortage } from './shortage.js'
import type { WaitingRequests } from './waiting-requests.js'

/** How often it is looked whether somebody waits too long. */
const INTERVAL_MS = 30_000
/** The ResourceManager hears of it sooner. */
const HINT_AFTER_MS = 5_000

export interface ShortageReportOptions {
  readonly clock: Clock
  readonly roles: readonly string[]
  readonly waiting: WaitingRequests
  readonly onUnsatisfied: UnsatisfiedListener
  /** See `LaunchCoordinatorSettings`. */
  readonly hintAfterMs?: number | undefined
  readonly onHindered?: HindranceListener
  /** Somebody waits too long, and no offer has come at all. */
  readonly onSilence: () => void
}

/** Says, while offers are gathered, why tasks wait too long for a place: to people, and to the ResourceManager. */
export class ShortageReport {
  /** What was seen of offers since they are gathered. */
  readonly seen: Shortage
  readonly #options: ShortageReportOptions
  #sinceMs = 0
  #cancelTimer: CancelTimer | undefined
  #cancelHint: CancelTimer | undefined
  #hint: string | undefined
  #hintedMs = 0

  constructor(options: ShortageReportOptions) {
    this.#options = options
    this.seen = new Shortage(options.roles)
  }

  /** Offers are gathered from now on. */
  start(): void {
    this.seen.reset()
    this.#sinceMs = this.#options.clock.monotonicNow()
    this.#schedule()
    this.#scheduleHint()
  }

  /** They are not; idempotent. */
  stop(): void {
    this.seen.reset()
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#cancelHint?.()
    this.#cancelHint = undefined
    this.#tellHint(undefined)
  }

  #schedule(): void {
    this.#cancelTimer = this.#options.clock.schedule(INTERVAL_MS, () => {
      this.#schedule()
      this.#explain()
    })
  }

  #scheduleHint(): void {
    const { clock, waiting, hintAfterMs = HINT_AFTER_MS } = this.#options
    this.#cancelHint = clock.schedule(hintAfterMs, () => {
      this.#scheduleHint()
      const late = waiting.since(hintAfterMs)
      if (late.length === 0) this.#tellHint(undefined)
      // Figures of offers that come and go are not worth a message each.
      else if (this.#hint === undefined || clock.monotonicNow() - this.#hintedMs >= INTERVAL_MS) {
        if (this.seen.isConclusive) this.#tellHint(this.seen.explain(late))
      }
    })
  }

  #tellHint(why: string | undefined): void {
    if (why === this.#hint) return
    this.#hint = why
    this.#hintedMs = this.#options.clock.monotonicNow()
    this.#options.onHindered?.(why)
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
