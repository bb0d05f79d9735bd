import type { Logger } from '@flink-ts/core'
import type { MainThreadExecutor } from '@flink-ts/rpc'
import type { ResourceProfile, SlotOffer, SlotReport } from '../../messages/messages.generated.js'
import { SlotNotAvailableError } from '../task-executor-errors.js'
import { TaskSlot } from './task-slot.js'
import type { TaskSlotState } from './task-slot-state.js'

export interface TaskSlotTableOptions {
  readonly resourceId: string
  readonly numberOfSlots: number
  /** Of each slot. */
  readonly slotProfile: ResourceProfile
  /** `taskmanager.slot.timeout`, in milliseconds. */
  readonly slotTimeoutMs: number
  readonly mainThread: MainThreadExecutor
  readonly log: Logger
  /** A slot stayed ALLOCATED for too long. */
  readonly onTimeout: (allocationId: string) => void
  /** A slot is free again: its last task is gone. */
  readonly onFreed: (slot: TaskSlot) => void
}

/** The slots of one TaskManager and to whom they belong; the truth about them in the whole cluster. */
export class TaskSlotTable {
  readonly #options: TaskSlotTableOptions
  readonly #byNumber = new Map<number, TaskSlot>()
  readonly #byAllocation = new Map<string, TaskSlot>()

  constructor(options: TaskSlotTableOptions) {
    this.#options = options
  }

  get(allocationId: string): TaskSlot | undefined {
    return this.#byAllocation.get(allocationId)
  }

  slotsOf(jobId: string, state?: TaskSlotState): TaskSlot[] {
    return [...this.#byNumber.values()].filter(
      (slot) => slot.jobId === jobId && (state ?? slot.state) === slot.state,
    )
  }

  /**
   * Gives a slot to a job; the same request again changes nothing.
   *
   * @throws SlotNotAvailableError
   */
  allocate(slotNumber: number, jobId: string, allocationId: string): void {
    const { resourceId, numberOfSlots } = this.#options
    const holder = this.#byNumber.get(slotNumber)
    const same = this.#byAllocation.get(allocationId)
    if (holder !== undefined && holder === same && holder.jobId === jobId) return
    const refuse = (why: string) =>
      new SlotNotAvailableError({ resourceId, slotNumber, allocationId, why })
    if (!Number.isInteger(slotNumber) || slotNumber < 0 || slotNumber >= numberOfSlots) {
      throw refuse(`its slots are numbered from 0 to ${numberOfSlots - 1}`)
    }
    if (holder !== undefined) throw refuse(`job ${holder.jobId} holds it as ${holder.allocationId}`)
    if (same !== undefined) throw refuse(`that allocation is slot ${same.slotNumber}`)
    const slot = new TaskSlot({ slotNumber, jobId, allocationId })
    this.#byNumber.set(slotNumber, slot)
    this.#byAllocation.set(allocationId, slot)
    this.#armTimer(slot)
    this.#log(slot, 'free')
  }

  /** The JobMaster accepted the slot. @returns whether it is ACTIVE now */
  markActive(allocationId: string): boolean {
    const slot = this.#byAllocation.get(allocationId)
    if (slot === undefined || slot.state === 'RELEASING') return false
    if (slot.state === 'ALLOCATED') this.#transition(slot, 'ACTIVE')
    return true
  }

  /** The JobMaster is gone: another one has to accept the slot in time. */
  markInactive(allocationId: string): void {
    const slot = this.#byAllocation.get(allocationId)
    if (slot?.state !== 'ACTIVE') return
    this.#transition(slot, 'ALLOCATED')
    this.#armTimer(slot)
  }

  /**
   * Takes the slot from its job. With tasks in it, which the caller ends, it is free only when the
   * last of them is gone. Unknown allocations are ignored.
   */
  free(allocationId: string): void {
    const slot = this.#byAllocation.get(allocationId)
    if (slot === undefined) return
    if (slot.state !== 'RELEASING') this.#transition(slot, 'RELEASING')
    this.#removeIfEmpty(slot)
  }

  addTask(allocationId: string, executionAttemptId: string): void {
    this.#byAllocation.get(allocationId)?.tasks.add(executionAttemptId)
  }

  removeTask(allocationId: string, executionAttemptId: string): void {
    const slot = this.#byAllocation.get(allocationId)
    if (slot === undefined) return
    slot.tasks.delete(executionAttemptId)
    if (slot.state === 'RELEASING') this.#removeIfEmpty(slot)
  }

  /** What there is to offer to the job's JobMaster. */
  offersFor(jobId: string): SlotOffer[] {
    return this.slotsOf(jobId, 'ALLOCATED').map(({ allocationId, slotNumber }) => ({
      allocationId,
      slotIndex: slotNumber,
      profile: this.#options.slotProfile,
    }))
  }

  report(): SlotReport {
    const { resourceId, numberOfSlots, slotProfile: profile } = this.#options
    const slots = Array.from({ length: numberOfSlots }, (_, slotNumber) => {
      const slotId = { resourceId, slotNumber }
      const slot = this.#byNumber.get(slotNumber)
      if (slot === undefined) return { slotId, profile, assignedTasks: 0 }
      const { allocationId, jobId, tasks } = slot
      return { slotId, profile, allocationId, jobId, assignedTasks: tasks.size }
    })
    return { slots }
  }

  #removeIfEmpty(slot: TaskSlot): void {
    if (slot.tasks.size > 0) return
    this.#byNumber.delete(slot.slotNumber)
    this.#byAllocation.delete(slot.allocationId)
    this.#log(slot, slot.state, 'free')
    this.#options.onFreed(slot)
  }

  #transition(slot: TaskSlot, state: TaskSlotState): void {
    const from = slot.state
    slot.transitionTo(state)
    slot.cancelTimer?.()
    slot.cancelTimer = undefined
    slot.unclaimedHeartbeats = 0
    this.#log(slot, from)
  }

  #armTimer(slot: TaskSlot): void {
    const { mainThread, slotTimeoutMs, onTimeout } = this.#options
    slot.cancelTimer = mainThread.schedule(slotTimeoutMs, () => onTimeout(slot.allocationId))
  }

  #log(
    slot: TaskSlot,
    from: TaskSlotState | 'free',
    to: TaskSlotState | 'free' = slot.state,
  ): void {
    const { slotNumber, jobId, allocationId } = slot
    const fields = { slotNumber, jobId, allocationId, from, to }
    this.#options.log.debug('Slot changed', fields)
  }
}
