import type { OfferPool } from './offer-pool.js'
import {
  type Dimension,
  difference,
  fits,
  NO_RESOURCES,
  type ResourceVector,
} from './resource-vector.js'

/** What is left of a pool while requests are given places. */
export interface Capacity {
  readonly pool: OfferPool
  free: ResourceVector
  reserved: ResourceVector
}

// Later ones only when earlier ones have no room: agents that are wanted back soon, those with GPUs, those of which nothing is reserved for us.
const UNAVAILABLE_SOON = 4
const WITH_GPUS = 2
const NOTHING_RESERVED = 1
const BUCKETS = 8

/**
 * The capacities of pools, each kind in the order of what is left of the scarcest resource: the first one with room is the best fit.
 * Finding it is a binary search and a walk over those that lack something else.
 */
export class CapacityIndex {
  readonly #scarcest: Dimension
  readonly #buckets: Capacity[][] = Array.from({ length: BUCKETS }, () => [])

  constructor(capacities: readonly Capacity[], scarcest: Dimension) {
    this.#scarcest = scarcest
    for (const capacity of capacities) this.#bucketOf(capacity).push(capacity)
    for (const bucket of this.#buckets) {
      bucket.sort((a, b) => a.free[scarcest] - b.free[scarcest])
    }
  }

  /** Takes what is needed from the best fit. @returns whose it was; undefined: it fits nowhere */
  take(needs: ResourceVector, blockedHosts: ReadonlySet<string>): Capacity | undefined {
    for (let number = 0; number < BUCKETS; number++) {
      if (needs.gpus > 0 && (number & WITH_GPUS) === 0) continue
      const bucket = this.#buckets[number]!
      for (let at = this.#lowerBound(bucket, needs[this.#scarcest]); at < bucket.length; at++) {
        const capacity = bucket[at]!
        if (!fits(needs, capacity.free) || blockedHosts.has(capacity.pool.hostname)) continue
        bucket.splice(at, 1)
        capacity.free = difference(capacity.free, needs)
        capacity.reserved = difference(capacity.reserved, needs)
        this.#insert(capacity)
        return capacity
      }
    }
    return undefined
  }

  #insert(capacity: Capacity): void {
    const bucket = this.#bucketOf(capacity)
    bucket.splice(this.#lowerBound(bucket, capacity.free[this.#scarcest]), 0, capacity)
  }

  #bucketOf({ pool, free, reserved }: Capacity): Capacity[] {
    const hasReserved = reserved.cpus > 0 || reserved.mem > 0
    const number =
      (pool.unavailableFromMs === undefined ? 0 : UNAVAILABLE_SOON) +
      (free.gpus > 0 ? WITH_GPUS : 0) +
      (hasReserved ? 0 : NOTHING_RESERVED)
    return this.#buckets[number]!
  }

  /** Where the first one is that has so much of the scarcest resource. */
  #lowerBound(bucket: readonly Capacity[], amount: number): number {
    let low = 0
    let high = bucket.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (bucket[middle]!.free[this.#scarcest] < amount) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** The resource of which the largest part of what is offered is wanted. */
export function scarcestDimension(wanted: ResourceVector, offered: ResourceVector): Dimension {
  const dimensions = Object.keys(NO_RESOURCES) as Dimension[]
  const share = (dimension: Dimension) =>
    wanted[dimension] === 0 ? 0 : wanted[dimension] / Math.max(offered[dimension], 1e-9)
  return dimensions.reduce((a, b) => (share(b) > share(a) ? b : a))
}
