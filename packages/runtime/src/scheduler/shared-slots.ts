import assert from 'node:assert/strict'
import type { AllocationId } from '@flink-ts/core'
import type { AssignedSlot } from '../executiongraph/execution.js'
import type { SlotProvider, SlotRequest } from '../jobmaster/slotpool/slot-provider.js'
import type { ResourceProfile } from '../messages/messages.generated.js'
import type { ExecutionSlotSharingGroup } from './slot-sharing.js'

interface SharedSlot {
  readonly profile: ResourceProfile | undefined
  readonly tasks: number
  slot: AssignedSlot | undefined
  request: SlotRequest | undefined
  /** Tasks that need it and have not ended. */
  readonly users: Set<number>
  /** The slot that it was last. */
  previous: AssignedSlot | undefined
}

export interface SharedSlotsOptions {
  readonly provider: SlotProvider
  /** Of the slots of slot sharing groups that have one. */
  readonly profiles: ReadonlyMap<string, ResourceProfile>
  /** TaskManagers where the inputs of these tasks lie, best first. */
  readonly preferredTaskManagers: (tasks: readonly number[]) => string[]
  /** Where tasks ran before comes first, even if the slot is another: their state is there. Default false. */
  readonly staysWithState?: boolean | undefined
  /** Told after each slot which tasks wait in it; may be called before {@link SharedSlots.require} returns. */
  readonly onSlotGranted: (tasks: ReadonlySet<number>) => void
}

/** One physical slot per slot-sharing group of tasks, held as long as one of them needs it. */
export class SharedSlots {
  readonly #options: SharedSlotsOptions
  readonly #slotOfTask: readonly SharedSlot[]
  /** By the allocation that each holds. */
  readonly #byAllocation = new Map<AllocationId, SharedSlot>()

  constructor(groups: readonly ExecutionSlotSharingGroup[], options: SharedSlotsOptions) {
    this.#options = options
    const slotOfTask: SharedSlot[] = []
    for (const { tasks, slotSharingGroup } of groups) {
      const slot: SharedSlot = {
        profile: options.profiles.get(slotSharingGroup),
        tasks: tasks.length,
        slot: undefined,
        request: undefined,
        users: new Set(),
        previous: undefined,
      }
      for (const task of tasks) slotOfTask[task] = slot
    }
    this.#slotOfTask = slotOfTask
  }

  /** The tasks will run again: until {@link yieldBack} nobody else gets the slots that they ran in. */
  holdBack(tasks: readonly number[]): void {
    this.#options.provider.holdBack(this.#previousOf(tasks))
  }

  /** Those of the tasks that can run have required their slots; what they did not take is for all. */
  yieldBack(tasks: readonly number[]): void {
    this.#options.provider.yieldBack(this.#previousOf(tasks))
  }

  /** The tasks need their slots from now on, until {@link release}. */
  require(tasks: readonly number[]): void {
    const wanted = new Map<SharedSlot, number[]>()
    for (const task of tasks) {
      const shared = this.#of(task)
      shared.users.add(task)
      const known = wanted.get(shared)
      if (known === undefined) wanted.set(shared, [task])
      else known.push(task)
    }
    for (const [shared, users] of wanted) this.#request(shared, users)
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
    if (slot === undefined) return
    this.#byAllocation.delete(slot.allocationId)
    this.#options.provider.releaseSlot(slot.allocationId)
  }

  /**
   * A slot is gone. Tasks that wait for others before they are deployed into it get another one;
   * those that were deployed must have been {@link release}d before.
   */
  slotLost(allocationId: AllocationId): void {
    const shared = this.#byAllocation.get(allocationId)
    if (shared === undefined) return
    this.#byAllocation.delete(allocationId)
    shared.slot = undefined
    if (shared.users.size > 0) this.#request(shared, [...shared.users])
  }

  /** How many different slots these tasks share. */
  countSlots(tasks: readonly number[]): number {
    return new Set(tasks.map((task) => this.#of(task))).size
  }

  #request(shared: SharedSlot, tasks: readonly number[]): void {
    if (shared.slot !== undefined || shared.request !== undefined) return
    const { provider, preferredTaskManagers, onSlotGranted } = this.#options
    const taskManagers = preferredTaskManagers(tasks)
    if (this.#options.staysWithState === true && shared.previous !== undefined) {
      taskManagers.unshift(shared.previous.location.resourceId)
    }
    let granted = false
    const request = provider.requestSlot(
      (slot) => {
        granted = true
        shared.slot = slot
        shared.previous = slot
        shared.request = undefined
        this.#byAllocation.set(slot.allocationId, shared)
        onSlotGranted(shared.users)
      },
      {
        profile: shared.profile,
        tasks: shared.tasks,
        previous: shared.previous?.allocationId,
        taskManagers,
      },
    )
    if (!granted) shared.request = request
  }

  #previousOf(tasks: readonly number[]): Set<AllocationId> {
    return new Set(tasks.flatMap((task) => this.#of(task).previous?.allocationId ?? []))
  }

  #of(task: number): SharedSlot {
    const shared = this.#slotOfTask[task]
    assert(shared !== undefined, `task ${task} has a slot sharing group`)
    return shared
  }
}
