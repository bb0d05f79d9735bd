import type { Offer } from '@flink-ts/mesos-client'
import { OfferPool } from './offer-pool.js'
import { difference, NO_RESOURCES, type ResourceVector, sum } from './resource-vector.js'

interface HeldOffer {
  readonly offer: Offer
  readonly receivedMs: number
}

/** The offers that nobody has used, declined or taken back yet, by agent and role. */
export class HeldOffers {
  readonly #networkResourceName: string
  /** In the order in which they came. */
  readonly #offers = new Map<string, HeldOffer>()
  readonly #pools = new Map<string, OfferPool>()
  readonly #keysOfAgent = new Map<string, Set<string>>()
  #total = NO_RESOURCES

  constructor(networkResourceName: string) {
    this.#networkResourceName = networkResourceName
  }

  get size(): number {
    return this.#offers.size
  }

  get pools(): readonly OfferPool[] {
    return [...this.#pools.values()]
  }

  /** Of all of them. */
  get total(): ResourceVector {
    return this.#total
  }

  /** When the oldest of them came; undefined: there is none. */
  get oldestMs(): number | undefined {
    for (const { receivedMs } of this.#offers.values()) return receivedMs
    return undefined
  }

  add(offer: Offer, receivedMs: number): void {
    if (this.#offers.has(offer.id)) return
    this.#offers.set(offer.id, { offer, receivedMs })
    const offers = this.#pools.get(keyOf(offer))?.offers ?? []
    this.#setPool(offer, [...offers, offer])
  }

  /** @returns false: it is not held */
  remove(offerId: string): boolean {
    const held = this.#offers.get(offerId)
    if (held === undefined) return false
    this.#offers.delete(offerId)
    const { offer } = held
    const offers = this.#pools.get(keyOf(offer))?.offers ?? []
    this.#setPool(
      offer,
      offers.filter(({ id }) => id !== offerId),
    )
    return true
  }

  removePool({ offers }: OfferPool): void {
    const [first] = offers
    for (const { id } of offers) this.#offers.delete(id)
    if (first !== undefined) this.#setPool(first, [])
  }

  /** @returns how many offers that agent had made */
  removeAgent(agentId: string): number {
    const before = this.size
    for (const key of [...(this.#keysOfAgent.get(agentId) ?? [])]) {
      const pool = this.#pools.get(key)
      if (pool !== undefined) this.removePool(pool)
    }
    return before - this.size
  }

  /** Removes those that came until a moment. */
  takeUntil(untilMs: number): Offer[] {
    const taken: Offer[] = []
    for (const { offer, receivedMs } of this.#offers.values()) {
      if (receivedMs > untilMs) break
      taken.push(offer)
    }
    for (const { id } of taken) this.remove(id)
    return taken
  }

  /** Removes all. */
  clear(): Offer[] {
    const all = [...this.#offers.values()].map(({ offer }) => offer)
    this.#offers.clear()
    this.#pools.clear()
    this.#keysOfAgent.clear()
    this.#total = NO_RESOURCES
    return all
  }

  #setPool(of: Offer, offers: readonly Offer[]): void {
    const key = keyOf(of)
    const before = this.#pools.get(key)
    if (before !== undefined) this.#total = difference(this.#total, before.free)
    if (offers.length === 0) {
      this.#pools.delete(key)
      const keys = this.#keysOfAgent.get(of.agentId)
      keys?.delete(key)
      if (keys?.size === 0) this.#keysOfAgent.delete(of.agentId)
      return
    }
    const pool = new OfferPool(offers, this.#networkResourceName)
    this.#pools.set(key, pool)
    this.#total = sum(this.#total, pool.free)
    const keys = this.#keysOfAgent.get(of.agentId)
    if (keys === undefined) this.#keysOfAgent.set(of.agentId, new Set([key]))
    else keys.add(key)
  }
}

function keyOf({ agentId, role }: Offer): string {
  return `${agentId} ${role}`
}
