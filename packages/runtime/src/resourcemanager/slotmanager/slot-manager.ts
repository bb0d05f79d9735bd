import {
  type AllocationId,
  type CancelTimer,
  type Clock,
  type Logger,
  newHexId,
  type Random,
} from '@flink-ts/core'
import type { MainThreadExecutor } from '@flink-ts/rpc'
import type {
  ResourceProfile,
  ResourceRequirement,
  SlotReport,
} from '../../messages/messages.generated.js'
import { describeShortage } from './describe-shortage.js'
import type { RegisteredTaskManager, TaskManagerRegistration } from './registered-task-manager.js'
import { formatProfile, memoryOf, profileFits } from './resource-profiles.js'
import type { SlotManagerSettings } from './slot-manager-settings.js'
import { applyReport } from './slot-reports.js'
import { SlotTracker } from './slot-tracker.js'
import { takeSlots } from './task-manager-order.js'
import type { TaskManagerSlot } from './task-manager-slot.js'
import { WorkerReconciler, type Workers } from './worker-reconciler.js'

/** One allocation that a TaskManager is asked for. */
export interface SlotAllocation {
  readonly resourceId: string
  readonly instanceId: string
  /** -1: a slot of `profile`, carved out of what is free. */
  readonly slotNumber: number
  readonly profile: ResourceProfile
  readonly jobId: string
  readonly allocationId: string
}

export interface SlotManagerOptions {
  readonly mainThread: MainThreadExecutor
  readonly clock: Clock
  readonly log: Logger
  readonly random: Random
  readonly settings: SlotManagerSettings
  /** Asks the TaskManager; rejects when it refused or when the outcome is unknown. */
  readonly allocateSlot: (allocation: SlotAllocation) => Promise<unknown>
  /** What is known of the TaskManager's slots may be wrong: a report is to be asked for now. */
  readonly onDoubt: (resourceId: string) => void
  /**
   * A check left requirements of this job open, and no worker that is under way will help, or none comes for a reason that is known;
   * `acquired` is what it holds, `reason` tells people why. Without a reason: the one that was told before holds no more.
   */
  readonly onNotEnoughResources: (
    jobId: string,
    acquired: readonly ResourceRequirement[],
    missing: readonly ResourceRequirement[],
    reason: string | undefined,
  ) => void
  /** Slots of TaskManagers on these machines are not granted. Default: none. */
  readonly blockedNodes?: () => ReadonlySet<string>
  /** How workers are had; needed with `settings.workerSpec`. */
  readonly workers?: Workers
}

/** A slot whose request failed is tried again after so long, if no report cleared it up before. */
const SUSPECT_MS = 1_000

const NO_NODES: ReadonlySet<string> = new Set()

/**
 * Matches what jobs declare with the slots that are free, and tells how many workers it would take to
 * satisfy all. It grants only; slots come back when their TaskManager says so. The TaskManagers' own tables
 * are the truth: reports correct what is known here, except for slots that changed since the report was
 * asked for. Everything runs in the given main thread.
 */
export class SlotManager {
  readonly #options: SlotManagerOptions
  readonly #tracker: SlotTracker
  readonly #reconciler: WorkerReconciler | undefined
  /** Jobs that were told why slots are short. */
  readonly #told = new Set<string>()
  readonly #suspects = new Set<{ isSuspect: boolean }>()
  #cancelCheck: CancelTimer | undefined
  #cancelSuspectCheck: CancelTimer | undefined

  constructor(options: SlotManagerOptions) {
    this.#options = options
    const { clock, log, mainThread, settings, workers } = options
    const tracker = new SlotTracker({ clock, log, fineGrained: settings.fineGrained })
    this.#tracker = tracker
    if (settings.workerSpec !== undefined && workers !== undefined) {
      const { workerSpec: spec } = settings
      const world = { clock, log, mainThread, settings, spec, tracker, workers }
      this.#reconciler = new WorkerReconciler({ ...world, onChanged: () => this.#scheduleCheck() })
    }
  }

  /** Rises with each change of a slot; remember it when asking for a report. */
  get logicalTime(): number {
    return this.#tracker.logicalTime
  }

  /** Numbered slots, free or not. */
  get numberOfSlots(): number {
    return this.#tracker.total.slots
  }

  get numberOfFreeSlots(): number {
    return this.#tracker.numberOfFreeSlots
  }

  /** In the order in which they registered. */
  get taskManagers(): Iterable<RegisteredTaskManager> {
    return this.#tracker.taskManagers
  }

  taskManager(resourceId: string): RegisteredTaskManager | undefined {
    return this.#tracker.taskManager(resourceId)
  }

  /** Why there is no room for another TaskManager; undefined: there is. */
  reasonToReject(facts: {
    readonly numberOfSlots: number
    readonly totalProfile: ResourceProfile
  }): string | undefined {
    const { max } = this.#options.settings
    const { slots, cpuCores, memoryBytes } = this.#tracker.total
    const { numberOfSlots, totalProfile } = facts
    const isOver =
      slots + numberOfSlots > max.slots ||
      cpuCores + totalProfile.cpuCores > max.cpuCores + 1e-6 ||
      memoryBytes + memoryOf(totalProfile) > max.memoryBytes
    if (!isOver) return undefined
    return `the cluster has ${slots} slots, ${cpuCores} cores and ${memoryBytes} bytes of memory for tasks; with this TaskManager's ${numberOfSlots} slots (${formatProfile(totalProfile)}) it would have more than slotmanager.number-of-slots.max or slotmanager.max-total-resource.* allow`
  }

  /** Adds the slots of a TaskManager; an older registration of the same ResourceID is replaced. */
  registerTaskManager(registration: TaskManagerRegistration): void {
    this.unregisterTaskManager(registration.resourceId)
    const taskManager = this.#tracker.register(registration)
    applyReport(this.#tracker, taskManager, registration.report, this.#tracker.logicalTime)
    this.#scheduleCheck()
  }

  /** Its slots are gone; what jobs lose thereby is looked for elsewhere. Idempotent. */
  unregisterTaskManager(resourceId: string): void {
    const taskManager = this.#tracker.taskManager(resourceId)
    if (taskManager === undefined) return
    this.#tracker.unregister(taskManager)
    this.#scheduleCheck()
  }

  /** Replaces what the job requires; an empty list ends it. Slots that it holds stay with it. */
  processRequirements(jobId: string, requirements: readonly ResourceRequirement[]): void {
    this.#tracker.require(jobId, requirements)
    this.#scheduleCheck()
  }

  /**
   * Nobody can take slots for the job now. What it requires is not allocated, but keeps workers from being
   * released, until {@link processRequirements} says what it requires next.
   */
  suspendRequirements(jobId: string): void {
    this.#tracker.suspend(jobId)
    this.#scheduleCheck()
  }

  /** @param askedAt {@link logicalTime} when the report was asked for */
  applySlotReport(
    resourceId: string,
    instanceId: string,
    report: SlotReport,
    askedAt: number,
  ): void {
    const taskManager = this.#tracker.taskManager(resourceId)
    if (taskManager?.instanceId !== instanceId) return
    if (applyReport(this.#tracker, taskManager, report, askedAt)) this.#scheduleCheck()
  }

  /** The TaskManager freed the slot. Ignored if it is not the allocation known here. */
  slotAvailable(instanceId: string, resourceId: string, slotNumber: number, allocationId: string) {
    const taskManager = this.#tracker.taskManager(resourceId)
    if (taskManager?.instanceId !== instanceId) return
    const slot = taskManager.dynamicSlots.get(allocationId) ?? taskManager.slots.get(slotNumber)
    if (!slot?.isOwnedBy(allocationId)) return
    this.#tracker.free(slot)
    this.#scheduleCheck()
  }

  /** Looks again at the next turn; for changes that only the owner of this object sees. */
  triggerCheck(): void {
    this.#scheduleCheck()
  }

  /** The job has not heard what it was told last. */
  tellAgain(jobId: string): void {
    this.#told.add(jobId)
    this.#scheduleCheck()
  }

  /** Forgets everything, as when leadership is lost. It can be used again. */
  clear(): void {
    this.#cancelCheck?.()
    this.#cancelCheck = undefined
    this.#cancelSuspectCheck?.()
    this.#cancelSuspectCheck = undefined
    this.#suspects.clear()
    this.#told.clear()
    this.#reconciler?.clear()
    this.#tracker.clear()
  }

  #scheduleCheck(): void {
    const { mainThread, settings } = this.#options
    this.#cancelCheck ??= mainThread.schedule(settings.requirementCheckDelayMs, () => {
      this.#cancelCheck = undefined
      this.#checkRequirements()
    })
  }

  #checkRequirements(): void {
    const open = new Map<string, readonly ResourceRequirement[]>()
    for (const jobId of this.#tracker.unsatisfied) {
      const job = this.#tracker.job(jobId)
      for (const requirement of job.match().missing) this.#allocate(jobId, requirement)
      const { missing } = job.match()
      if (missing.length === 0) this.#tracker.satisfied(jobId)
      else open.set(jobId, missing)
    }
    const unfulfillable = this.#reconciler?.reconcile(open) ?? open
    const hindrance = open.size === 0 ? undefined : this.#options.workers?.hindrance?.()
    for (const [jobId, missing] of unfulfillable) {
      const { acquired } = this.#tracker.job(jobId).match()
      const starting = numberOf(open.get(jobId)!) - numberOf(missing)
      const reason = describeShortage(missing, starting, this.#tracker, this.#options.settings)
      const why = hindrance === undefined ? reason : `${reason}; ${hindrance}`
      this.#told.add(jobId)
      this.#options.onNotEnoughResources(jobId, acquired, missing, why)
    }
    this.#tellOfHindrance(open, unfulfillable, hindrance)
  }

  /** Jobs for which workers are under way hear what keeps those, and that nothing does any more. */
  #tellOfHindrance(
    open: ReadonlyMap<string, readonly ResourceRequirement[]>,
    unfulfillable: ReadonlyMap<string, unknown>,
    hindrance: string | undefined,
  ): void {
    for (const jobId of this.#told) if (!open.has(jobId)) this.#told.delete(jobId)
    for (const [jobId, missing] of open) {
      if (unfulfillable.has(jobId)) continue
      const wasTold = this.#told.delete(jobId)
      if (hindrance !== undefined) this.#told.add(jobId)
      else if (!wasTold) continue
      const { acquired } = this.#tracker.job(jobId).match()
      this.#options.onNotEnoughResources(jobId, acquired, missing, hindrance)
    }
  }

  #allocate(jobId: string, { profile, numberOfRequiredSlots: count }: ResourceRequirement): void {
    const { settings } = this.#options
    const blocked = this.#options.blockedNodes?.() ?? NO_NODES
    takeSlots(settings.loadBalanceMode, this.#tracker.withFreeSlots, count, (taskManager) => {
      if (taskManager.nodeId !== undefined && blocked.has(taskManager.nodeId)) return false
      const slot = this.#freeSlotOf(taskManager, profile)
      if (slot === undefined || !this.#tracker.job(jobId).serves(slot.profile, profile))
        return false
      this.#request(taskManager, slot, jobId)
      return true
    })
  }

  #freeSlotOf(
    taskManager: RegisteredTaskManager,
    profile: ResourceProfile | undefined,
  ): TaskManagerSlot | undefined {
    if (profile === undefined || !this.#options.settings.fineGrained) {
      return taskManager.findFreeSlot(profile)
    }
    if (taskManager.isSuspect || !profileFits(profile, taskManager.freeProfile)) return undefined
    return this.#tracker.dynamicSlot(taskManager, profile)
  }

  #request(taskManager: RegisteredTaskManager, slot: TaskManagerSlot, jobId: string): void {
    const { allocateSlot, mainThread, random } = this.#options
    const { resourceId, slotNumber, profile } = slot
    const allocationId = newHexId<AllocationId>(random)
    const { instanceId } = taskManager
    this.#tracker.assign(slot, 'PENDING', { jobId, allocationId })
    const allocation = { resourceId, instanceId, slotNumber, profile, jobId, allocationId }
    allocateSlot(allocation).then(
      () => mainThread.execute(() => this.#onGranted(slot, allocation)),
      (error) => mainThread.execute(() => this.#onRefused(slot, allocation, error)),
    )
  }

  #onGranted(slot: TaskManagerSlot, { jobId, allocationId }: SlotAllocation): void {
    if (!this.#isPending(slot, allocationId)) return
    this.#tracker.assign(slot, 'ALLOCATED', { jobId, allocationId })
  }

  #onRefused(slot: TaskManagerSlot, allocation: SlotAllocation, error: unknown): void {
    if (!this.#isPending(slot, allocation.allocationId)) return
    const { log, onDoubt, mainThread } = this.#options
    const { profile: _profile, ...facts } = allocation
    log.warn('A TaskManager did not grant a slot', { ...facts, error })
    this.#tracker.free(slot)
    const suspect = slot.isDynamic ? this.#tracker.taskManager(slot.resourceId)! : slot
    suspect.isSuspect = true
    this.#suspects.add(suspect)
    this.#scheduleCheck()
    onDoubt(slot.resourceId)
    this.#cancelSuspectCheck ??= mainThread.schedule(SUSPECT_MS, () => {
      this.#cancelSuspectCheck = undefined
      for (const known of this.#suspects) known.isSuspect = false
      this.#suspects.clear()
      this.#scheduleCheck()
    })
  }

  #isPending(slot: TaskManagerSlot, allocationId: string): boolean {
    const taskManager = this.#tracker.taskManager(slot.resourceId)
    const known = slot.isDynamic
      ? taskManager?.dynamicSlots.get(allocationId)
      : taskManager?.slots.get(slot.slotNumber)
    return known === slot && slot.state === 'PENDING' && slot.isOwnedBy(allocationId)
  }
}

function numberOf(requirements: readonly ResourceRequirement[]): number {
  return requirements.reduce((sum, { numberOfRequiredSlots: count }) => sum + count, 0)
}
