import {
  type AllocationId,
  type CancelTimer,
  type Logger,
  newHexId,
  type Random,
} from '@flink-ts/core'
import type { MainThreadExecutor } from '@flink-ts/rpc'
import type { ResourceRequirement, SlotReport } from '../../messages/messages.generated.js'
import { matchRequirements } from './job-requirements.js'
import type { RegisteredTaskManager, TaskManagerRegistration } from './registered-task-manager.js'
import { profileFits } from './resource-profiles.js'
import { TaskManagerSlot } from './task-manager-slot.js'

/** One allocation that a TaskManager is asked for. */
export interface SlotAllocation {
  readonly resourceId: string
  readonly instanceId: string
  readonly slotNumber: number
  readonly jobId: string
  readonly allocationId: string
}

export interface SlotManagerSettings {
  /** `slotmanager.requirement-check.delay`: changes are collected for so long. Milliseconds. */
  readonly requirementCheckDelayMs: number
  /** `taskmanager.load-balance.mode`: NONE fills one TaskManager after the other, SLOTS spreads. */
  readonly loadBalanceMode: 'NONE' | 'SLOTS'
}

export interface SlotManagerOptions {
  readonly mainThread: MainThreadExecutor
  readonly log: Logger
  readonly random: Random
  readonly settings: SlotManagerSettings
  /** Asks the TaskManager; rejects when it refused or when the outcome is unknown. */
  readonly allocateSlot: (allocation: SlotAllocation) => Promise<unknown>
  /** What is known of the TaskManager's slots may be wrong: a report is to be asked for now. */
  readonly onDoubt: (resourceId: string) => void
  /** A check left requirements of this job open; `acquired` is what it holds. */
  readonly onNotEnoughResources: (
    jobId: string,
    acquired: readonly ResourceRequirement[],
    missing: readonly ResourceRequirement[],
  ) => void
}

/** A slot whose request failed is tried again after so long, if no report cleared it up before. */
const SUSPECT_MS = 1_000

/**
 * Matches what jobs declare with the free slots that there are. It grants only; slots come back when
 * their TaskManager says so. The TaskManagers' own tables are the truth: reports correct what is known
 * here, except for slots that changed since the report was asked for. Slots have the fixed profile of
 * their TaskManager. Everything runs in the given main thread.
 */
export class SlotManager {
  readonly #options: SlotManagerOptions
  readonly #taskManagers = new Map<string, RegisteredTaskManager>()
  readonly #requirements = new Map<string, readonly ResourceRequirement[]>()
  readonly #slotsOfJob = new Map<string, Set<TaskManagerSlot>>()
  readonly #freeSlots = new Set<TaskManagerSlot>()
  #logicalTime = 0
  #cancelCheck: CancelTimer | undefined
  #cancelSuspectCheck: CancelTimer | undefined

  constructor(options: SlotManagerOptions) {
    this.#options = options
  }

  /** Rises with each change of a slot; remember it when asking for a report. */
  get logicalTime(): number {
    return this.#logicalTime
  }

  get numberOfSlots(): number {
    let sum = 0
    for (const { slots } of this.#taskManagers.values()) sum += slots.size
    return sum
  }

  get numberOfFreeSlots(): number {
    return this.#freeSlots.size
  }

  /** In the order in which they registered. */
  get taskManagers(): Iterable<RegisteredTaskManager> {
    return this.#taskManagers.values()
  }

  taskManager(resourceId: string): RegisteredTaskManager | undefined {
    return this.#taskManagers.get(resourceId)
  }

  /** Adds the slots of a TaskManager; an older registration of the same ResourceID is replaced. */
  registerTaskManager({ resourceId, instanceId, report }: TaskManagerRegistration): void {
    this.unregisterTaskManager(resourceId)
    const slots = new Map<number, TaskManagerSlot>()
    for (const { slotId, profile } of report.slots) {
      const { slotNumber } = slotId
      const slot = new TaskManagerSlot({
        resourceId,
        slotNumber,
        profile,
        log: this.#options.log,
      })
      slots.set(slotNumber, slot)
      this.#freeSlots.add(slot)
    }
    this.#taskManagers.set(resourceId, { resourceId, instanceId, slots })
    this.applySlotReport(instanceId, report, this.#logicalTime)
    this.#scheduleCheck()
  }

  /** Its slots are gone; what jobs lose thereby is looked for elsewhere. Idempotent. */
  unregisterTaskManager(resourceId: string): void {
    const taskManager = this.#taskManagers.get(resourceId)
    if (taskManager === undefined) return
    this.#taskManagers.delete(resourceId)
    for (const slot of taskManager.slots.values()) {
      if (slot.owner !== undefined) this.#slotsOfJob.get(slot.owner.jobId)?.delete(slot)
      this.#freeSlots.delete(slot)
    }
    this.#scheduleCheck()
  }

  /** Replaces what the job requires; an empty list ends it. Slots that it holds stay with it. */
  processRequirements(jobId: string, requirements: readonly ResourceRequirement[]): void {
    const positive = requirements.filter(({ numberOfRequiredSlots: count }) => count > 0)
    if (positive.length === 0) this.#requirements.delete(jobId)
    else this.#requirements.set(jobId, positive)
    this.#scheduleCheck()
  }

  /** @param askedAt {@link logicalTime} when the report was asked for */
  applySlotReport(instanceId: string, report: SlotReport, askedAt: number): void {
    for (const status of report.slots) {
      const taskManager = this.#taskManagers.get(status.slotId.resourceId)
      const slot = taskManager?.slots.get(status.slotId.slotNumber)
      if (slot === undefined || taskManager?.instanceId !== instanceId) continue
      if (slot.changedAt > askedAt) continue
      slot.assignedTasks = status.assignedTasks
      const { allocationId, jobId } = status
      if (allocationId === undefined || jobId === undefined) {
        slot.isSuspect = false
        if (slot.state === 'ALLOCATED') this.#free(slot)
      } else if (slot.state === 'PENDING' && !slot.isOwnedBy(allocationId)) {
        // The answer to the pending request tells who of the two holds it.
      } else if (slot.state !== 'ALLOCATED' || !slot.isOwnedBy(allocationId)) {
        this.#assign(slot, 'ALLOCATED', { jobId, allocationId })
        this.#scheduleCheck()
      }
    }
  }

  /** The TaskManager freed the slot. Ignored if it is not the allocation known here. */
  slotAvailable(instanceId: string, resourceId: string, slotNumber: number, allocationId: string) {
    const taskManager = this.#taskManagers.get(resourceId)
    const slot = taskManager?.slots.get(slotNumber)
    if (slot === undefined || taskManager?.instanceId !== instanceId) return
    if (slot.isOwnedBy(allocationId)) this.#free(slot)
  }

  /** Looks again at the next turn; for changes that only the owner of this object sees. */
  triggerCheck(): void {
    this.#scheduleCheck()
  }

  /** Forgets everything, as when leadership is lost. It can be used again. */
  clear(): void {
    this.#cancelCheck?.()
    this.#cancelCheck = undefined
    this.#cancelSuspectCheck?.()
    this.#cancelSuspectCheck = undefined
    this.#taskManagers.clear()
    this.#requirements.clear()
    this.#slotsOfJob.clear()
    this.#freeSlots.clear()
  }

  #scheduleCheck(): void {
    const { mainThread, settings } = this.#options
    this.#cancelCheck ??= mainThread.schedule(settings.requirementCheckDelayMs, () => {
      this.#cancelCheck = undefined
      this.#checkRequirements()
    })
  }

  #checkRequirements(): void {
    for (const [jobId, requirements] of this.#requirements) {
      const before = matchRequirements(requirements, this.#heldBy(jobId))
      if (before.missing.length === 0) continue
      for (const requirement of before.missing) this.#allocate(jobId, requirement)
      const after = matchRequirements(requirements, this.#heldBy(jobId))
      if (after.missing.length === 0) continue
      this.#options.onNotEnoughResources(jobId, after.acquired, after.missing)
    }
  }

  #allocate(jobId: string, requirement: ResourceRequirement): void {
    let open = requirement.numberOfRequiredSlots
    if (this.#options.settings.loadBalanceMode === 'NONE') {
      for (const { slots } of this.#taskManagers.values()) {
        for (const slot of slots.values()) {
          if (open === 0) return
          if (!isUsable(slot, requirement)) continue
          this.#request(slot, jobId)
          open--
        }
      }
      return
    }
    for (; open > 0; open--) {
      const slot = this.#leastUtilized(requirement)
      if (slot === undefined) return
      this.#request(slot, jobId)
    }
  }

  #leastUtilized(requirement: ResourceRequirement): TaskManagerSlot | undefined {
    let best: { slot: TaskManagerSlot; utilization: number } | undefined
    for (const { slots } of this.#taskManagers.values()) {
      const all = [...slots.values()]
      const slot = all.find((candidate) => isUsable(candidate, requirement))
      if (slot === undefined) continue
      const utilization = all.filter(({ state }) => state !== 'FREE').length / all.length
      if (best === undefined || utilization < best.utilization) best = { slot, utilization }
    }
    return best?.slot
  }

  #request(slot: TaskManagerSlot, jobId: string): void {
    const { allocateSlot, mainThread, random } = this.#options
    const { resourceId, slotNumber } = slot
    const allocationId = newHexId<AllocationId>(random)
    const { instanceId } = this.#taskManagers.get(resourceId)!
    this.#assign(slot, 'PENDING', { jobId, allocationId })
    const allocation = { resourceId, instanceId, slotNumber, jobId, allocationId }
    allocateSlot(allocation).then(
      () => mainThread.execute(() => this.#onGranted(slot, allocation)),
      (error) => mainThread.execute(() => this.#onRefused(slot, allocation, error)),
    )
  }

  #onGranted(slot: TaskManagerSlot, { jobId, allocationId }: SlotAllocation): void {
    if (!this.#isKnown(slot) || slot.state !== 'PENDING' || !slot.isOwnedBy(allocationId)) return
    this.#assign(slot, 'ALLOCATED', { jobId, allocationId })
  }

  #onRefused(slot: TaskManagerSlot, allocation: SlotAllocation, error: unknown): void {
    if (!this.#isKnown(slot)) return
    if (slot.state !== 'PENDING' || !slot.isOwnedBy(allocation.allocationId)) return
    this.#options.log.warn('A TaskManager did not grant a slot', { ...allocation, error })
    this.#free(slot)
    slot.isSuspect = true
    this.#options.onDoubt(slot.resourceId)
    this.#cancelSuspectCheck ??= this.#options.mainThread.schedule(SUSPECT_MS, () => {
      this.#cancelSuspectCheck = undefined
      for (const free of this.#freeSlots) free.isSuspect = false
      this.#scheduleCheck()
    })
  }

  #isKnown(slot: TaskManagerSlot): boolean {
    return this.#taskManagers.get(slot.resourceId)?.slots.get(slot.slotNumber) === slot
  }

  #assign(
    slot: TaskManagerSlot,
    state: 'PENDING' | 'ALLOCATED',
    owner: { jobId: string; allocationId: string },
  ): void {
    if (slot.owner !== undefined) this.#slotsOfJob.get(slot.owner.jobId)?.delete(slot)
    slot.transitionTo(state, owner, ++this.#logicalTime)
    this.#freeSlots.delete(slot)
    const held = this.#slotsOfJob.get(owner.jobId) ?? new Set()
    this.#slotsOfJob.set(owner.jobId, held.add(slot))
  }

  #free(slot: TaskManagerSlot): void {
    const { jobId } = slot.owner!
    const held = this.#heldBy(jobId)
    held.delete(slot)
    if (held.size === 0) this.#slotsOfJob.delete(jobId)
    slot.free(++this.#logicalTime)
    this.#freeSlots.add(slot)
    this.#scheduleCheck()
  }

  #heldBy(jobId: string): Set<TaskManagerSlot> {
    return this.#slotsOfJob.get(jobId) ?? new Set()
  }
}

function isUsable(slot: TaskManagerSlot, { profile }: ResourceRequirement): boolean {
  return slot.state === 'FREE' && !slot.isSuspect && profileFits(profile, slot.profile)
}
