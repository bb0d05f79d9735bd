import type { Offer } from '@flink-ts/mesos-client'
import type { AttributeConstraint } from './launch-coordinator-settings.js'
import type { Matching, WantedPlace } from './match-requests.js'
import type { OfferPool } from './offer-pool.js'
import {
  DIMENSIONS,
  type Dimension,
  describeAmount,
  describeVector,
  type ResourceVector,
} from './resource-vector.js'

/** How many different needs are explained at once. */
const MAX_EXPLAINED = 3
/** How many different needs that once had a place are remembered. */
const MAX_REMEMBERED = 100
const MAX_VALUES_SHOWN = 5

interface BestOffer {
  readonly hostname: string
  readonly role: string
  readonly free: ResourceVector
  /** The one that it has least of comes first; empty: it is enough. */
  readonly shortOf: readonly Dimension[]
}

/** Why tasks wait: what was offered since they do, and how far it was from enough. */
export class Shortage {
  readonly #roles: readonly string[]
  readonly #agents = new Set<string>()
  readonly #violations = new Map<string, { constraint: AttributeConstraint; values: Set<string> }>()
  readonly #violators = new Set<string>()
  readonly #unavailable = new Set<string>()
  readonly #best = new Map<string, BestOffer>()
  readonly #hadPlace = new Set<string>()
  #hasMatched = false

  constructor(roles: readonly string[]) {
    this.#roles = roles
  }

  /** Nothing waits any more, or all begins anew. */
  reset(): void {
    this.#agents.clear()
    this.#violations.clear()
    this.#violators.clear()
    this.#unavailable.clear()
    this.#best.clear()
    this.#hasMatched = false
  }

  /** Whether offers that came were looked at for what is wanted. */
  get isConclusive(): boolean {
    const useless = (agentId: string) =>
      this.#violators.has(agentId) || this.#unavailable.has(agentId)
    return this.#hasMatched || [...this.#agents].every(useless)
  }

  get hasSeenOffers(): boolean {
    return this.#agents.size > 0
  }

  offered({ agentId }: Offer): void {
    this.#agents.add(agentId)
  }

  /** The operator wants its agent back now. */
  unavailable({ agentId }: Offer): void {
    this.#unavailable.add(agentId)
  }

  violated(offer: Offer, constraint: AttributeConstraint): void {
    const { attribute, value } = constraint
    this.#violators.add(offer.agentId)
    const key = `${attribute}:${value}`
    const known = this.#violations.get(key) ?? { constraint, values: new Set() }
    this.#violations.set(key, known)
    const found = offer.attributes.find(({ name }) => name === attribute)?.text
    if (found !== undefined && known.values.size < MAX_VALUES_SHOWN) known.values.add(found)
  }

  matched({ placed, unplaced, left }: Matching, wanted: readonly WantedPlace[]): void {
    this.#hasMatched = true
    const waiting = new Set(unplaced)
    if (placed.size > 0) {
      for (const place of wanted) if (!waiting.has(place)) this.#remember(place)
    }
    for (const place of differentNeeds(unplaced)) {
      const best = bestOf(place, left)
      if (best !== undefined) this.#best.set(keyOf(place), best)
    }
  }

  /**
   * @param waiting one at least
   * @param sinceSeconds undefined: it does not matter for how long
   */
  explain(waiting: readonly WantedPlace[], sinceSeconds?: number): string {
    if (this.#agents.size === 0) {
      const names = this.#roles.map((role) => `'${role}'`).join(', ')
      return (
        `no offers came for ${this.#roles.length === 1 ? 'role' : 'the roles'} ${names}${sinceSeconds === undefined ? '' : ` in ${sinceSeconds} s`}: ` +
        'all agents may be in use, reserved for others, or unable to run what the framework wants, or another framework may hold all offers'
      )
    }
    const matching = [...this.#agents].filter((agentId) => !this.#violators.has(agentId))
    if (matching.length === 0) return this.#explainConstraints()
    const usable = matching.filter((agentId) => !this.#unavailable.has(agentId)).length
    if (usable === 0) {
      return `all of the ${matching.length} agents that made offers are under maintenance`
    }
    return differentNeeds(waiting)
      .map((place) => this.#explainNeeds(place, usable))
      .join('; ')
  }

  #explainConstraints(): string {
    const words = [...this.#violations.values()].map(({ constraint, values }) => {
      const { attribute, value } = constraint
      const found = [...values].map((text) => `'${text}'`).join(', ')
      return `attribute ${attribute}:${value} (${found === '' ? 'they do not have it' : `found: ${found}`})`
    })
    return `none of the ${this.#agents.size} agents that made offers has the ${words.join(' or the ')}`
  }

  #explainNeeds(place: WantedPlace, usable: number): string {
    const wanted = describeVector(place.needs)
    const best = this.#best.get(keyOf(place))
    if (best === undefined) {
      return `all of the ${usable} agents that made offers are blocked for what takes ${wanted}`
    }
    const { hostname, role, free, shortOf } = best
    const figures = `the best offer, of ${hostname} for role '${role}', has ${describeVector(free)}`
    if (shortOf.length === 0) return `what takes ${wanted} waits for its turn: ${figures}`
    const names = shortOf.join(' and ')
    const short = shortOf
      .map((name) => {
        const offered = describeAmount(name, free[name])
        return `${describeAmount(name, place.needs[name])} wanted, ${offered} offered`
      })
      .join('; ')
    const outlook = this.#hadPlace.has(keyOf(place))
      ? 'agents that had room before are in use'
      : `none of the ${usable} agents that made offers ever had room for it`
    return `what takes ${wanted} is short of ${names} (${short}): ${figures}; ${outlook}`
  }

  #remember(place: WantedPlace): void {
    const key = keyOf(place)
    if (this.#hadPlace.has(key)) return
    if (this.#hadPlace.size >= MAX_REMEMBERED) this.#hadPlace.clear()
    this.#hadPlace.add(key)
  }
}

/** How much of what is needed a pool has, from 0 to 1 and more: of the resource that it is most short of. */
export function nearness(needs: ResourceVector, free: ResourceVector): number {
  let least = Number.POSITIVE_INFINITY
  for (const dimension of DIMENSIONS) {
    if (needs[dimension] > 0) least = Math.min(least, free[dimension] / needs[dimension])
  }
  return least
}

function bestOf(
  { needs, request }: WantedPlace,
  left: ReadonlyMap<OfferPool, ResourceVector>,
): BestOffer | undefined {
  let best: { pool: OfferPool; free: ResourceVector; nearness: number } | undefined
  for (const [pool, free] of left) {
    if (request.blockedHosts.has(pool.hostname)) continue
    const value = nearness(needs, free)
    if (best === undefined || value > best.nearness) best = { pool, free, nearness: value }
  }
  if (best === undefined) return undefined
  const { pool, free } = best
  const part = (name: Dimension) => free[name] / needs[name]
  const shortOf = DIMENSIONS.filter((name) => free[name] < needs[name]).sort(
    (a, b) => part(a) - part(b),
  )
  return {
    hostname: pool.hostname,
    role: pool.role,
    free,
    shortOf,
  }
}

function differentNeeds(places: readonly WantedPlace[]): WantedPlace[] {
  const found = new Map<string, WantedPlace>()
  for (const place of places) {
    if (found.size === MAX_EXPLAINED) break
    const key = keyOf(place)
    if (!found.has(key)) found.set(key, place)
  }
  return [...found.values()]
}

function keyOf({ needs }: WantedPlace): string {
  return DIMENSIONS.map((dimension) => needs[dimension]).join(' ')
}
