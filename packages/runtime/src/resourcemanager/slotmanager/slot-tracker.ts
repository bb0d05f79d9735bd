import type { Clock, Logger } from '@flink-ts/core'
import type { ResourceProfile, ResourceRequirement } from '../../messages/messages.generated.js'
import { JobRequirements } from './job-requirements.js'
import { RegisteredTaskManager, type TaskManagerRegistration } from './registered-task-manager.js'
import { memoryOf, profileKey } from './resource-profiles.js'
import type { ResourceBounds } from './slot-manager-settings.js'
import { type SlotOwner, TaskManagerSlot } from './task-manager-slot.js'

/**
 * All slots of all TaskManagers and who has them. Keeps what searches need up to date with each change, so
 * that no question walks over all slots.
 */
export class SlotTracker {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #fineGrained: boolean
  readonly #taskManagers = new Map<string, RegisteredTaskManager>()
  readonly #jobs = new Map<string, JobRequirements>()
  /** Jobs that may miss slots, longest waiting first. */
  readonly #unsatisfied = new Set<string>()
  readonly #withFreeSlots = new Set<RegisteredTaskManager>()
  /** Those without a taken slot, longest idle first. */
  readonly #idle = new Set<RegisteredTaskManager>()
  /** Equal profiles are one object: there are as many as slots, and few different ones. */
  readonly #profiles = new Map<string, ResourceProfile>()
  #total: ResourceBounds = { slots: 0, cpuCores: 0, memoryBytes: 0 }
  #logicalTime = 0

  /** @param options `fineGrained`: see {@link JobRequirements} */
  constructor(options: { clock: Clock; log: Logger; fineGrained: boolean }) {
    this.#clock = options.clock
    this.#log = options.log
    this.#fineGrained = options.fineGrained
  }

  /** Rises with each change of a slot. */
  get logicalTime(): number {
    return this.#logicalTime
  }

  /** Of the TaskManagers that are registered. */
  get total(): ResourceBounds {
    return this.#total
  }

  get numberOfTaskManagers(): number {
    return this.#taskManagers.size
  }

  /** In the order in which they registered. */
  get taskManagers(): Iterable<RegisteredTaskManager> {
    return this.#taskManagers.values()
  }

  get withFreeSlots(): Iterable<RegisteredTaskManager> {
    return this.#withFreeSlots
  }

  get idle(): ReadonlySet<RegisteredTaskManager> {
    return this.#idle
  }

  get unsatisfied(): Iterable<string> {
    return [...this.#unsatisfied]
  }

  /** Slots that suspended jobs miss. */
  get reservedSlots(): number {
    let sum = 0
    for (const job of this.#jobs.values()) {
      if (!job.isSuspended) continue
      for (const { numberOfRequiredSlots } of job.match().missing) sum += numberOfRequiredSlots
    }
    return sum
  }

  get numberOfFreeSlots(): number {
    let sum = 0
    for (const taskManager of this.#withFreeSlots) sum += taskManager.numberOfFreeSlots
    return sum
  }

  taskManager(resourceId: string): RegisteredTaskManager | undefined {
    return this.#taskManagers.get(resourceId)
  }

  job(jobId: string): JobRequirements {
    return this.#jobs.get(jobId) ?? new JobRequirements(this.#fineGrained)
  }

  require(jobId: string, requirements: readonly ResourceRequirement[]): void {
    const job = this.#jobToChange(jobId)
    job.require(
      requirements.map((requirement) => {
        const { profile } = requirement
        return profile === undefined
          ? requirement
          : { ...requirement, profile: this.#intern(profile) }
      }),
    )
    if (job.required.length === 0) this.#unsatisfied.delete(jobId)
    else this.#unsatisfied.add(jobId)
    if (job.isEmpty) this.#jobs.delete(jobId)
  }

  /** The job misses nothing until it requires something again; see {@link reservedSlots}. */
  suspend(jobId: string): void {
    const job = this.#jobs.get(jobId)
    if (job === undefined || job.required.length === 0) return
    job.isSuspended = true
    this.#unsatisfied.delete(jobId)
  }

  satisfied(jobId: string): void {
    this.#unsatisfied.delete(jobId)
  }

  /** Its slots are all free until a report says otherwise. */
  register(registration: TaskManagerRegistration): RegisteredTaskManager {
    const intern = (profile: ResourceProfile) => this.#intern(profile)
    const taskManager = new RegisteredTaskManager(registration, intern, this.#log)
    this.#taskManagers.set(taskManager.resourceId, taskManager)
    this.#count(taskManager, 1)
    this.#index(taskManager)
    return taskManager
  }

  /** Jobs lose the slots that they had there. */
  unregister(taskManager: RegisteredTaskManager): void {
    this.#taskManagers.delete(taskManager.resourceId)
    this.#count(taskManager, -1)
    this.#withFreeSlots.delete(taskManager)
    this.#idle.delete(taskManager)
    for (const slot of taskManager.slots.values()) this.#disown(slot)
    for (const slot of taskManager.dynamicSlots.values()) this.#disown(slot)
  }

  /** Gives a slot to a job, or to another one. */
  assign(slot: TaskManagerSlot, state: 'PENDING' | 'ALLOCATED', owner: SlotOwner): void {
    const taskManager = this.#taskManagers.get(slot.resourceId)!
    this.#disown(slot)
    const wasFree = slot.state === 'FREE'
    slot.transitionTo(state, owner, ++this.#logicalTime)
    this.#jobToChange(owner.jobId).add(slot.profile, 1)
    if (!wasFree) return
    if (slot.isDynamic) taskManager.dynamicSlots.set(owner.allocationId, slot)
    else taskManager.freeSlots.delete(slot)
    taskManager.take(slot.profile)
    this.#index(taskManager)
  }

  /** A dynamic slot is gone then. */
  free(slot: TaskManagerSlot): void {
    const taskManager = this.#taskManagers.get(slot.resourceId)!
    const { allocationId } = slot.owner!
    this.#disown(slot)
    slot.free(++this.#logicalTime)
    if (slot.isDynamic) {
      taskManager.dynamicSlots.delete(allocationId)
      taskManager.formerDynamicSlots.set(allocationId, this.#logicalTime)
    } else taskManager.freeSlots.add(slot)
    taskManager.giveBack(slot.profile)
    this.#index(taskManager)
  }

  /** A slot to {@link assign}; nothing of the TaskManager is taken before that. */
  dynamicSlot({ resourceId }: RegisteredTaskManager, profile: ResourceProfile): TaskManagerSlot {
    return new TaskManagerSlot({
      resourceId,
      slotNumber: -1,
      profile: this.#intern(profile),
      log: this.#log,
    })
  }

  clear(): void {
    this.#taskManagers.clear()
    this.#jobs.clear()
    this.#unsatisfied.clear()
    this.#withFreeSlots.clear()
    this.#idle.clear()
    this.#profiles.clear()
    this.#total = { slots: 0, cpuCores: 0, memoryBytes: 0 }
  }

  #jobToChange(jobId: string): JobRequirements {
    const known = this.#jobs.get(jobId)
    if (known !== undefined) return known
    const job = new JobRequirements(this.#fineGrained)
    this.#jobs.set(jobId, job)
    return job
  }

  #disown({ owner, profile }: TaskManagerSlot): void {
    if (owner === undefined) return
    const { jobId } = owner
    const job = this.#jobToChange(jobId)
    job.add(profile, -1)
    if (job.required.length > 0 && !job.isSuspended) this.#unsatisfied.add(jobId)
    if (job.isEmpty) this.#jobs.delete(jobId)
  }

  #index(taskManager: RegisteredTaskManager): void {
    if (taskManager.freeSlots.size > 0) this.#withFreeSlots.add(taskManager)
    else this.#withFreeSlots.delete(taskManager)
    if (!taskManager.isIdle) {
      this.#idle.delete(taskManager)
      taskManager.idleSince = undefined
    } else if (!this.#idle.has(taskManager)) {
      this.#idle.add(taskManager)
      taskManager.idleSince = this.#clock.now()
    }
  }

  #count({ totalProfile, slots }: RegisteredTaskManager, sign: 1 | -1): void {
    const total = this.#total
    this.#total = {
      slots: total.slots + sign * slots.size,
      cpuCores: total.cpuCores + sign * totalProfile.cpuCores,
      memoryBytes: total.memoryBytes + sign * memoryOf(totalProfile),
    }
  }

  #intern(profile: ResourceProfile): ResourceProfile {
    const key = profileKey(profile)
    const known = this.#profiles.get(key)
    if (known !== undefined) return known
    this.#profiles.set(key, profile)
    return profile
  }
}
