import type { Offer } from '@flink-ts/mesos-client'
import type { OfferPool } from './offer-pool.js'
import type { Placement, PlacementRequest } from './placement.js'

/** What the driver is carrying out, and which of the offers for it are still there. */
export class Placements {
  readonly #begun = new Map<Placement, readonly Offer[]>()
  /** The last port that was given away, by agent: one that something outside of Mesos holds is not tried for ever. */
  readonly #lastPorts = new Map<string, number>()

  /** Those that are still there. */
  get offers(): Offer[] {
    return [...this.#begun.values()].flat()
  }

  begin(pool: OfferPool, requests: readonly PlacementRequest[]): Placement {
    const { agentId, offers } = pool
    const tasks = pool.cut(requests, this.#lastPorts.get(agentId))
    const lastPort = tasks.flatMap(({ ports }) => Object.values(ports)).at(-1)
    if (lastPort !== undefined) this.#lastPorts.set(agentId, lastPort)
    const placement = { offers, tasks }
    this.#begun.set(placement, offers)
    return placement
  }

  /** @returns the offers that are still there: if not all are, nothing can be launched with them */
  end(placement: Placement): readonly Offer[] {
    const offers = this.#begun.get(placement) ?? []
    this.#begun.delete(placement)
    return offers
  }

  /** @returns whether it was to be used */
  offerRescinded(offerId: string): boolean {
    return this.#remove(({ id }) => id === offerId)
  }

  agentLost(agentId: string): void {
    this.#lastPorts.delete(agentId)
    this.#remove((offer) => offer.agentId === agentId)
  }

  /** Without a subscription there are no offers. */
  disconnected(): void {
    this.#remove(() => true)
  }

  #remove(isGone: (offer: Offer) => boolean): boolean {
    let isAny = false
    for (const [placement, offers] of this.#begun) {
      const left = offers.filter((offer) => !isGone(offer))
      if (left.length === offers.length) continue
      this.#begun.set(placement, left)
      isAny = true
    }
    return isAny
  }
}
