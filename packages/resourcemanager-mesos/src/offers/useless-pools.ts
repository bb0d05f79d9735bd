import type { WantedPlace } from './match-requests.js'
import type { OfferPool } from './offer-pool.js'
import { difference, fits, type ResourceVector, sum } from './resource-vector.js'
import { nearness } from './shortage.js'

/** So many requests that wait are looked at. */
const MAX_REQUESTS = 16

/** So many pools that fit nobody are kept at least, and so many for each request. */
const MIN_KEPT = 4
const KEPT_PER_REQUEST = 2

/** What is to be given back. */
export interface UselessPools {
  /** So that what is in them comes together for another role of ours. */
  readonly split: readonly OfferPool[]
  /** There are enough that are nearer to what is wanted. */
  readonly excess: readonly OfferPool[]
}

/**
 * What is to be given back though somebody waits. What has no room for anybody is kept for a while, as more of the same agent, or
 * smaller requests, may come; but not all of it, and not what keeps agents from having enough for one role.
 *
 * @param pools that have no room for any of those who wait
 */
export function uselessPools(
  pools: readonly OfferPool[],
  waiting: readonly WantedPlace[],
): UselessPools {
  const [first] = waiting
  if (first === undefined) return { split: [], excess: [] }
  const split = splitAgents(pools, waiting)
  const isSplit = new Set(split)
  const others = pools.filter((pool) => !isSplit.has(pool))
  const tooMany = others.length - Math.max(MIN_KEPT, KEPT_PER_REQUEST * waiting.length)
  if (tooMany <= 0) return { split, excess: [] }
  const byNearness = others
    .map((pool) => ({ pool, value: nearness(first.needs, pool.free) }))
    .sort((a, b) => a.value - b.value)
  return { split, excess: byNearness.slice(0, tooMany).map(({ pool }) => pool) }
}

/**
 * Offers for one role that keep another role of ours from having enough on the same machine: when they are declined, what is in them
 * and reserved for nobody is offered to that other role.
 */
function splitAgents(pools: readonly OfferPool[], waiting: readonly WantedPlace[]): OfferPool[] {
  const byAgent = new Map<string, OfferPool[]>()
  for (const pool of pools) {
    const others = byAgent.get(pool.agentId)
    if (others === undefined) byAgent.set(pool.agentId, [pool])
    else others.push(pool)
  }
  const first = waiting.slice(0, MAX_REQUESTS)
  return [...byAgent.values()]
    .filter(({ length }) => length > 1)
    .flatMap((ofAgent) => {
      const best = bestRole(ofAgent, first)
      return best === undefined ? [] : ofAgent.filter((pool) => pool !== best)
    })
}

/** The one that has most of what somebody needs, who would fit if all that is reserved for nobody were there for one role. */
function bestRole(
  ofAgent: readonly OfferPool[],
  waiting: readonly WantedPlace[],
): OfferPool | undefined {
  const shared = ofAgent.map(unreserved).reduce(sum)
  for (const { needs, request } of waiting) {
    const possible = ofAgent.filter(
      ({ reserved, hostname }) =>
        fits(needs, sum(shared, reserved)) && !request.blockedHosts.has(hostname),
    )
    if (possible.length > 0) {
      return possible.reduce((a, b) => (nearness(needs, b.free) > nearness(needs, a.free) ? b : a))
    }
  }
  return undefined
}

function unreserved({ free, reserved }: OfferPool): ResourceVector {
  return difference(free, reserved)
}
