import type { CancelTimer, Clock } from '@flink-ts/core'
import type { Offer } from '@flink-ts/mesos-client'
import type { HeldOffers } from './held-offers.js'

export interface OfferExpiryOptions {
  readonly clock: Clock
  readonly held: HeldOffers
  readonly expirationMs: number
  /** They are not held any more. */
  readonly onExpired: (offers: readonly Offer[]) => void
}

/** No offer is held longer than it may be. */
export class OfferExpiry {
  readonly #options: OfferExpiryOptions
  #cancel: CancelTimer | undefined

  constructor(options: OfferExpiryOptions) {
    this.#options = options
  }

  /** There are offers; again: nothing. */
  schedule(): void {
    const { clock, held, expirationMs, onExpired } = this.#options
    const { oldestMs } = held
    if (oldestMs === undefined || this.#cancel !== undefined) return
    const delayMs = Math.max(0, oldestMs + expirationMs - clock.monotonicNow())
    this.#cancel = clock.schedule(delayMs, () => {
      this.#cancel = undefined
      onExpired(held.takeUntil(clock.monotonicNow() - expirationMs))
      this.schedule()
    })
  }

  cancel(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}
