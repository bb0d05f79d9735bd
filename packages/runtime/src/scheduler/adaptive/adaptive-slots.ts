import type { AllocationId } from '@flink-ts/core'
import type { AssignedSlot } from '../../executiongraph/execution.js'
import type { SlotProvider, SlotRequest } from '../../jobmaster/slotpool/slot-pool.js'

/** The slots that an adaptive scheduler holds: it wishes for a number and takes what comes. */
export class AdaptiveSlots {
  readonly #provider: SlotProvider
  readonly #onChanged: () => void
  readonly #held = new Map<AllocationId, AssignedSlot>()
  readonly #requests = new Set<SlotRequest>()
  #declaring = false

  /** @param onChanged told of each slot that came, in a later call of the provider's own */
  constructor(provider: SlotProvider, onChanged: () => void) {
    this.#provider = provider
    this.#onChanged = onChanged
  }

  get count(): number {
    return this.#held.size
  }

  /** Wishes for `count` slots in all. Those that are held beyond that stay until {@link releaseAllBut}. */
  declare(count: number): void {
    this.#declaring = true
    while (this.#held.size + this.#requests.size > count) {
      const newest = [...this.#requests].at(-1)
      if (newest === undefined) break
      this.#requests.delete(newest)
      newest.cancel()
    }
    while (this.#held.size + this.#requests.size < count) this.#request()
    this.#declaring = false
  }

  /**
   * The slots to run `count` groups of subtasks in: those of the TaskManagers with most of them, so that
   * the others may go (`jobmanager.adaptive-scheduler.prefer-minimal-taskmanagers`); else as they came.
   */
  choose(count: number, preferMinimalTaskManagers: boolean): AssignedSlot[] {
    const held = [...this.#held.values()]
    if (count >= held.length || !preferMinimalTaskManagers) return held.slice(0, count)
    const perTaskManager = new Map<string, number>()
    for (const { location } of held) {
      perTaskManager.set(location.resourceId, (perTaskManager.get(location.resourceId) ?? 0) + 1)
    }
    const weight = ({ location }: AssignedSlot) => perTaskManager.get(location.resourceId)!
    return held.sort((a, b) => weight(b) - weight(a)).slice(0, count)
  }

  /** Gives back what is not used. */
  releaseAllBut(used: readonly AssignedSlot[]): void {
    const keep = new Set(used.map(({ allocationId }) => allocationId))
    for (const allocationId of [...this.#held.keys()]) {
      if (keep.has(allocationId)) continue
      this.#held.delete(allocationId)
      this.#provider.releaseSlot(allocationId)
    }
  }

  /** The slots are gone; {@link declare} has them replaced. */
  lost(allocationIds: readonly AllocationId[]): void {
    for (const allocationId of allocationIds) this.#held.delete(allocationId)
  }

  /** Withdraws every wish and gives everything back. */
  close(): void {
    for (const request of this.#requests) request.cancel()
    this.#requests.clear()
    this.releaseAllBut([])
  }

  #request(): void {
    let granted = false
    let request: SlotRequest | undefined
    request = this.#provider.requestSlot((slot) => {
      granted = true
      if (request !== undefined) this.#requests.delete(request)
      this.#held.set(slot.allocationId, slot)
      // What is granted at once is no news to who declares.
      if (!this.#declaring) this.#onChanged()
    })
    if (!granted) this.#requests.add(request)
  }
}
