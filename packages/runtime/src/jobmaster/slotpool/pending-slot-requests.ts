import type { AllocationId } from '@flink-ts/core'
import type { AssignedSlot } from '../../executiongraph/execution.js'
import type { SlotPreferences } from './slot-provider.js'

/** A wish that has not been granted. */
export interface PendingSlotRequest {
  readonly onGranted: (slot: AssignedSlot) => void
  readonly preferences: SlotPreferences
}

/** Wishes for slots, oldest first, found by what they prefer. */
export class PendingSlotRequests {
  readonly #all = new Set<PendingSlotRequest>()
  readonly #byPrevious = new Map<AllocationId, PendingSlotRequest>()
  readonly #byTaskManager = new Map<string, Set<PendingSlotRequest>>()

  get size(): number {
    return this.#all.size
  }

  add(request: PendingSlotRequest): void {
    const { previous, taskManagers } = request.preferences
    this.#all.add(request)
    if (previous !== undefined) this.#byPrevious.set(previous, request)
    for (const resourceId of taskManagers ?? []) {
      const known = this.#byTaskManager.get(resourceId)
      if (known === undefined) this.#byTaskManager.set(resourceId, new Set([request]))
      else known.add(request)
    }
  }

  /** @returns whether it was there */
  remove(request: PendingSlotRequest): boolean {
    if (!this.#all.delete(request)) return false
    const { previous, taskManagers } = request.preferences
    if (previous !== undefined && this.#byPrevious.get(previous) === request) {
      this.#byPrevious.delete(previous)
    }
    for (const resourceId of taskManagers ?? []) {
      const known = this.#byTaskManager.get(resourceId)
      known?.delete(request)
      if (known?.size === 0) this.#byTaskManager.delete(resourceId)
    }
    return true
  }

  /** The wish that prefers this very slot. */
  forPrevious(allocationId: AllocationId): PendingSlotRequest | undefined {
    return this.#byPrevious.get(allocationId)
  }

  /** The wish that a slot there suits best: the oldest that prefers the TaskManager, else the oldest. */
  forTaskManager(resourceId: string): PendingSlotRequest | undefined {
    const [local] = this.#byTaskManager.get(resourceId) ?? []
    if (local !== undefined) return local
    const [oldest] = this.#all
    return oldest
  }

  clear(): void {
    this.#all.clear()
    this.#byPrevious.clear()
    this.#byTaskManager.clear()
  }
}
