import assert from 'node:assert/strict'
import type { AllocationId } from '@flink-ts/core'
import type { AssignedSlot } from '../executiongraph/execution.js'
import type { SlotProvider, SlotRequest } from '../jobmaster/slotpool/slot-pool.js'
import type { ExecutionSlotSharingGroup } from './slot-sharing.js'

interface SharedSlot {
  slot: AssignedSlot | undefined
  request: SlotRequest | undefined
  /** Tasks that need it and have not ended. */
  readonly users: Set<number>
  /** The slot that it was last. */
  previous: AllocationId | undefined
}

/** One physical slot per slot-sharing group of tasks, held as long as one of them needs it. */
export class SharedSlots {
  readonly #provider: SlotProvider
  readonly #onSlotGranted: () => void
  readonly #slots: readonly SharedSlot[]
  readonly #slotOfTask: readonly SharedSlot[]

  /** @param onSlotGranted told after each slot; may be called before {@link require} returns */
  constructor(
    groups: readonly ExecutionSlotSharingGroup[],
    provider: SlotProvider,
    onSlotGranted: () => void,
  ) {
    this.#provider = provider
    this.#onSlotGranted = onSlotGranted
    const slotOfTask: SharedSlot[] = []
    this.#slots = groups.map((group) => {
      const shared = { slot: undefined, request: undefined, users: new Set<number>() }
      const slot: SharedSlot = { ...shared, previous: undefined }
      for (const task of group.tasks) slotOfTask[task] = slot
      return slot
    })
    this.#slotOfTask = slotOfTask
  }

  /** The tasks need their slots from now on, until {@link release}. */
  require(tasks: readonly number[]): void {
    const wanted = new Set<SharedSlot>()
    for (const task of tasks) {
      const shared = this.#of(task)
      shared.users.add(task)
      wanted.add(shared)
    }
    for (const shared of wanted) this.#request(shared)
  }

  slotOf(task: number): AssignedSlot | undefined {
    return this.#of(task).slot
  }

  /** The task has ended. */
  release(task: number): void {
    const shared = this.#of(task)
    if (!shared.users.delete(task) || shared.users.size > 0) return
    shared.request?.cancel()
    shared.request = undefined
    const { slot } = shared
    shared.slot = undefined
    if (slot !== undefined) this.#provider.releaseSlot(slot.allocationId)
  }

  /**
   * A slot is gone. Tasks that wait for others before they are deployed into it get another one;
   * those that were deployed must have been {@link release}d before.
   */
  slotLost(allocationId: AllocationId): void {
    for (const shared of this.#slots) {
      if (shared.slot?.allocationId !== allocationId) continue
      shared.slot = undefined
      if (shared.users.size > 0) this.#request(shared)
    }
  }

  /** How many different slots these tasks share. */
  countSlots(tasks: readonly number[]): number {
    return new Set(tasks.map((task) => this.#of(task))).size
  }

  #request(shared: SharedSlot): void {
    if (shared.slot !== undefined || shared.request !== undefined) return
    let granted = false
    const request = this.#provider.requestSlot((slot) => {
      granted = true
      shared.slot = slot
      shared.previous = slot.allocationId
      shared.request = undefined
      this.#onSlotGranted()
    }, shared.previous)
    if (!granted) shared.request = request
  }

  #of(task: number): SharedSlot {
    const shared = this.#slotOfTask[task]
    assert(shared !== undefined, `task ${task} has a slot sharing group`)
    return shared
  }
}
