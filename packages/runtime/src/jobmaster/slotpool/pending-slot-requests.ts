import type { AllocationId } from '@flink-ts/core'
import type { AssignedSlot } from '../../executiongraph/execution.js'
import type { ResourceProfile } from '../../messages/messages.generated.js'
import { profileKey } from '../../resourcemanager/slotmanager/resource-profiles.js'
import type { SlotWish } from './slot-provider.js'

/** A wish that has not been granted. */
export interface PendingSlotRequest {
  readonly onGranted: (slot: AssignedSlot) => void
  readonly wish: SlotWish
}

/** Wishes for slots of one profile. */
interface WishesOfProfile {
  readonly profile: ResourceProfile | undefined
  /** Oldest first. */
  readonly all: Set<PendingSlotRequest>
  readonly byTaskManager: Map<string, Set<PendingSlotRequest>>
}

/** Whether the slot at hand serves wishes for this profile. */
export type ServesProfile = (profile: ResourceProfile | undefined) => boolean

/** Wishes for slots, oldest first, found by what they prefer. */
export class PendingSlotRequests {
  /** Those without profile last: any slot may do for them. */
  readonly #profiles = new Map<string, WishesOfProfile>()
  readonly #anyProfile: WishesOfProfile = wishesOf(undefined)
  readonly #byPrevious = new Map<AllocationId, PendingSlotRequest>()
  #size = 0

  get size(): number {
    return this.#size
  }

  *[Symbol.iterator](): Iterator<PendingSlotRequest> {
    for (const { all } of this.#profiles.values()) yield* all
    yield* this.#anyProfile.all
  }

  add(request: PendingSlotRequest): void {
    const { profile, previous, taskManagers } = request.wish
    const { all, byTaskManager } = this.#of(profile)
    all.add(request)
    this.#size++
    if (previous !== undefined) this.#byPrevious.set(previous, request)
    for (const resourceId of taskManagers ?? []) {
      const known = byTaskManager.get(resourceId)
      if (known === undefined) byTaskManager.set(resourceId, new Set([request]))
      else known.add(request)
    }
  }

  /** @returns whether it was there */
  remove(request: PendingSlotRequest): boolean {
    const { profile, previous, taskManagers } = request.wish
    const { all, byTaskManager } = this.#of(profile)
    if (!all.delete(request)) return false
    this.#size--
    if (previous !== undefined && this.#byPrevious.get(previous) === request) {
      this.#byPrevious.delete(previous)
    }
    for (const resourceId of taskManagers ?? []) {
      const known = byTaskManager.get(resourceId)
      known?.delete(request)
      if (known?.size === 0) byTaskManager.delete(resourceId)
    }
    return true
  }

  /** The wish that prefers this very slot. */
  forPrevious(allocationId: AllocationId, serves: ServesProfile): PendingSlotRequest | undefined {
    const request = this.#byPrevious.get(allocationId)
    return request !== undefined && serves(request.wish.profile) ? request : undefined
  }

  /**
   * The wish that a slot there suits best: of those that it serves the oldest that prefers the TaskManager,
   * else the oldest; those with a profile come first.
   */
  forTaskManager(resourceId: string, serves: ServesProfile): PendingSlotRequest | undefined {
    const { all, byTaskManager } = this.#servedBy(serves) ?? {}
    const [local] = byTaskManager?.get(resourceId) ?? []
    if (local !== undefined) return local
    const [oldest] = all ?? []
    return oldest
  }

  /** Whether any wish would be. */
  isServed(serves: ServesProfile): boolean {
    return this.#servedBy(serves) !== undefined
  }

  clear(): void {
    this.#profiles.clear()
    this.#anyProfile.all.clear()
    this.#anyProfile.byTaskManager.clear()
    this.#byPrevious.clear()
    this.#size = 0
  }

  #servedBy(serves: ServesProfile): WishesOfProfile | undefined {
    for (const wishes of this.#profiles.values()) {
      if (wishes.all.size > 0 && serves(wishes.profile)) return wishes
    }
    return this.#anyProfile.all.size > 0 && serves(undefined) ? this.#anyProfile : undefined
  }

  #of(profile: ResourceProfile | undefined): WishesOfProfile {
    if (profile === undefined) return this.#anyProfile
    const key = profileKey(profile)
    let wishes = this.#profiles.get(key)
    if (wishes === undefined) {
      wishes = wishesOf(profile)
      this.#profiles.set(key, wishes)
    }
    return wishes
  }
}

function wishesOf(profile: ResourceProfile | undefined): WishesOfProfile {
  return { profile, all: new Set(), byTaskManager: new Map() }
}
