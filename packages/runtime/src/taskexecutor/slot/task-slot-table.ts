import type { Logger } from '@flink-ts/core'
import type { MainThreadExecutor } from '@flink-ts/rpc'
import type { ResourceProfile, SlotOffer, SlotReport } from '../../messages/messages.generated.js'
import {
  addProfiles,
  formatProfile,
  profileFits,
  subtractProfiles,
} from '../../resourcemanager/slotmanager/resource-profiles.js'
import { SlotNotAvailableError } from '../task-executor-errors.js'
import { TaskSlot } from './task-slot.js'
import type { TaskSlotState } from './task-slot-state.js'

export interface TaskSlotTableOptions {
  readonly resourceId: string
  readonly numberOfSlots: number
  /** Of each numbered slot. */
  readonly slotProfile: ResourceProfile
  /** Of all slots together: dynamic slots are carved out of what others do not have. */
  readonly totalProfile: ResourceProfile
  /** `taskmanager.slot.timeout`, in milliseconds. */
  readonly slotTimeoutMs: number
  readonly mainThread: MainThreadExecutor
  readonly log: Logger
  /** A slot stayed ALLOCATED for too long. */
  readonly onTimeout: (allocationId: string) => void
  /** A slot is free again: its last task is gone. */
  readonly onFreed: (slot: TaskSlot) => void
}

/** Asks for a slot of the requested profile instead of a numbered one. */
export const DYNAMIC_SLOT_NUMBER = -1

/**
 * The slots of one TaskManager and to whom they belong; the truth about them in the whole cluster.
 * Beside the numbered slots, equal shares of everything, there are dynamic ones: of the profile that was
 * requested, made when they are allocated, numbered from `numberOfSlots` on, gone when they are free.
 */
export class TaskSlotTable {
  readonly #options: TaskSlotTableOptions
  readonly #byNumber = new Map<number, TaskSlot>()
  readonly #byAllocation = new Map<string, TaskSlot>()

  #freeProfile: ResourceProfile

  constructor(options: TaskSlotTableOptions) {
    this.#options = options
    this.#freeProfile = options.totalProfile
  }

  get isEmpty(): boolean {
    return this.#byNumber.size === 0
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
   * @param requested {@link DYNAMIC_SLOT_NUMBER} for a slot with `profile`, else the number of a slot
   * @throws SlotNotAvailableError
   */
  allocate(
    requested: number,
    jobId: string,
    allocationId: string,
    requestedProfile?: ResourceProfile,
  ): void {
    const { resourceId, numberOfSlots, slotProfile } = this.#options
    const isDynamic = requested === DYNAMIC_SLOT_NUMBER
    const same = this.#byAllocation.get(allocationId)
    const isSameNumber = isDynamic
      ? (same?.slotNumber ?? 0) >= numberOfSlots
      : same?.slotNumber === requested
    if (same?.jobId === jobId && isSameNumber) return
    const slotNumber = isDynamic ? this.#nextDynamicNumber() : requested
    const profile = isDynamic ? (requestedProfile ?? slotProfile) : slotProfile
    const holder = this.#byNumber.get(slotNumber)
    const refuse = (why: string) =>
      new SlotNotAvailableError({ resourceId, slotNumber, allocationId, why })
    const isNumbered = Number.isInteger(slotNumber) && slotNumber >= 0 && slotNumber < numberOfSlots
    if (!isDynamic && !isNumbered) {
      throw refuse(`its slots are numbered from 0 to ${numberOfSlots - 1}`)
    }
    if (holder !== undefined) throw refuse(`job ${holder.jobId} holds it as ${holder.allocationId}`)
    if (same !== undefined) throw refuse(`that allocation is slot ${same.slotNumber}`)
    if (!profileFits(profile, this.#freeProfile)) {
      throw refuse(`it needs ${formatProfile(profile)}, and ${this.#describeFree()}`)
    }
    const slot = new TaskSlot({ slotNumber, jobId, allocationId, profile })
    this.#freeProfile = subtractProfiles(this.#freeProfile, profile)
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
    return this.slotsOf(jobId, 'ALLOCATED').map(({ allocationId, slotNumber, profile }) => ({
      allocationId,
      slotIndex: slotNumber,
      profile,
    }))
  }

  report(): SlotReport {
    const { resourceId, numberOfSlots, slotProfile: profile } = this.#options
    const free = Array.from({ length: numberOfSlots }, (_, slotNumber) => slotNumber)
      .filter((slotNumber) => !this.#byNumber.has(slotNumber))
      .map((slotNumber) => ({ slotId: { resourceId, slotNumber }, profile, assignedTasks: 0 }))
    const taken = [...this.#byNumber.values()].map((slot) => ({
      slotId: { resourceId, slotNumber: slot.slotNumber },
      profile: slot.profile,
      allocationId: slot.allocationId,
      jobId: slot.jobId,
      assignedTasks: slot.tasks.size,
    }))
    return { slots: [...free, ...taken].sort((a, b) => a.slotId.slotNumber - b.slotId.slotNumber) }
  }

  #nextDynamicNumber(): number {
    let slotNumber = this.#options.numberOfSlots
    while (this.#byNumber.has(slotNumber)) slotNumber++
    return slotNumber
  }

  #describeFree(): string {
    const total = formatProfile(this.#options.totalProfile)
    return `${formatProfile(this.#freeProfile)} of ${total} are free`
  }

  #removeIfEmpty(slot: TaskSlot): void {
    if (slot.tasks.size > 0) return
    this.#byNumber.delete(slot.slotNumber)
    this.#byAllocation.delete(slot.allocationId)
    this.#freeProfile = addProfiles(this.#freeProfile, slot.profile)
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
