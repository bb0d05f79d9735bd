import type { OfferPool } from './offer-pool.js'
import type { Placement, PlacementRequest } from './placement.js'

/** What the driver is carrying out. */
export class Placements {
  readonly #begun = new Set<Placement>()
  /** The last port that was given away, by agent: one that something outside of Mesos holds is not tried for ever. */
  readonly #lastPorts = new Map<string, number>()

  get offers(): Placement['offers'] {
    return [...this.#begun].flatMap(({ offers }) => offers)
  }

  begin(pool: OfferPool, requests: readonly PlacementRequest[]): Placement {
    const { agentId, offers } = pool
    const tasks = pool.cut(requests, this.#lastPorts.get(agentId))
    const lastPort = tasks.flatMap(({ ports }) => Object.values(ports)).at(-1)
    if (lastPort !== undefined) this.#lastPorts.set(agentId, lastPort)
    const placement = { offers, tasks }
    this.#begun.add(placement)
    return placement
  }

  end(placement: Placement): void {
    this.#begun.delete(placement)
  }

  agentLost(agentId: string): void {
    this.#lastPorts.delete(agentId)
  }
}
