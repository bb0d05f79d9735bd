import { type Capacity, CapacityIndex, scarcestDimension } from './capacity-index.js'
import type { OfferPool } from './offer-pool.js'
import type { PlacementRequest } from './placement.js'
import {
  DIMENSIONS,
  fits,
  NO_RESOURCES,
  needsVector,
  type ResourceVector,
  sum,
} from './resource-vector.js'

/** A request as it is matched. */
export interface WantedPlace {
  readonly request: PlacementRequest
  readonly needs: ResourceVector
}

/** Who goes where. */
export interface Matching {
  readonly placed: ReadonlyMap<OfferPool, readonly PlacementRequest[]>
  readonly unplaced: readonly WantedPlace[]
  /** Of each pool, what the placed ones leave. */
  readonly left: ReadonlyMap<OfferPool, ResourceVector>
}

/** So many needs that fit nowhere are remembered, to spare larger ones the search. */
const MAX_FAILED_NEEDS = 32

export function wantedPlace(request: PlacementRequest): WantedPlace {
  return { request, needs: needsVector(request.needs) }
}

/**
 * Finds a place for as many requests as possible: the large ones first, each in the best fit by the scarcest resource. Nothing is
 * taken yet: `OfferPool.cut` does that.
 */
export function matchRequests(
  pools: Iterable<OfferPool>,
  wanted: readonly WantedPlace[],
): Matching {
  const capacities: Capacity[] = []
  let offered = NO_RESOURCES
  for (const pool of pools) {
    capacities.push({ pool, free: pool.free, reserved: pool.reserved })
    offered = sum(offered, pool.free)
  }
  const demand = wanted.reduce((total, { needs }) => sum(total, needs), NO_RESOURCES)
  const index = new CapacityIndex(capacities, scarcestDimension(demand, offered))
  const placed = new Map<OfferPool, PlacementRequest[]>()
  const unplaced: WantedPlace[] = []
  const failed: WantedPlace[] = []
  for (const place of largestFirst(wanted, offered)) {
    const { request, needs } = place
    const isHopeless = failed.some((other) => isHarder(place, other))
    const capacity = isHopeless ? undefined : index.take(needs, request.blockedHosts)
    if (capacity === undefined) {
      unplaced.push(place)
      if (!isHopeless && failed.length < MAX_FAILED_NEEDS) failed.push(place)
      continue
    }
    const there = placed.get(capacity.pool)
    if (there === undefined) placed.set(capacity.pool, [request])
    else there.push(request)
  }
  return { placed, unplaced, left: new Map(capacities.map(({ pool, free }) => [pool, free])) }
}

/** Whether one fits nowhere because another one did not. */
function isHarder(place: WantedPlace, other: WantedPlace): boolean {
  const { blockedHosts } = place.request
  for (const host of other.request.blockedHosts) if (!blockedHosts.has(host)) return false
  return fits(other.needs, place.needs)
}

/** By the share of all that is offered, as small ones find a place between large ones; in order of arrival otherwise. */
function largestFirst(wanted: readonly WantedPlace[], offered: ResourceVector): WantedPlace[] {
  const sizeOf = (needs: ResourceVector) =>
    Math.max(...DIMENSIONS.map((name) => needs[name] / Math.max(offered[name], 1)))
  return wanted
    .map((place) => ({ place, size: sizeOf(place.needs) }))
    .sort((a, b) => b.size - a.size)
    .map(({ place }) => place)
}
