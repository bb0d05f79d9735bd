import type { CancelTimer, Clock, Logger } from '@flink-ts/core'
import type { MainThreadExecutor } from '@flink-ts/rpc'
import type { ResourceRequirement } from '../../messages/messages.generated.js'
import type { WorkerResourceSpec } from '../resource-manager-driver.js'
import type { RegisteredTaskManager } from './registered-task-manager.js'
import { memoryOf } from './resource-profiles.js'
import type { ResourceBounds, SlotManagerSettings } from './slot-manager-settings.js'
import type { SlotTracker } from './slot-tracker.js'
import { WorkerDemand } from './worker-demand.js'

/** How a SlotManager gets and loses workers. */
export interface Workers {
  /**
   * So many workers are needed, with those that are registered; replaces what was declared before.
   *
   * @param unwanted registered ones that are not among them, to be released
   */
  declare(needed: number, unwanted: readonly string[]): void
  /** Why workers that were declared are not there yet, for people; undefined: nothing is known. Default: nothing ever is. */
  hindrance?(): string | undefined
  /** Asks a TaskManager without slots whether it holds nothing that somebody needs. */
  canBeReleased(resourceId: string): Promise<boolean>
}

export interface WorkerReconcilerOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly mainThread: MainThreadExecutor
  readonly settings: SlotManagerSettings
  readonly spec: WorkerResourceSpec
  readonly tracker: SlotTracker
  readonly workers: Workers
  readonly onChanged: () => void
}

/** Decides how many workers a cluster needs, and which of those that have nothing to do may go. */
export class WorkerReconciler {
  readonly #options: WorkerReconcilerOptions
  /** Idle ones that said that they may go; until they do something or are gone. */
  readonly #unwanted = new Set<RegisteredTaskManager>()
  readonly #asked = new Set<RegisteredTaskManager>()
  #cancelIdleCheck: CancelTimer | undefined
  #isClear = true

  constructor(options: WorkerReconcilerOptions) {
    this.#options = options
  }

  /**
   * Declares the workers that the requirements need that free slots do not satisfy.
   *
   * @returns those that no number of workers within the limits satisfies
   */
  reconcile(
    open: ReadonlyMap<string, readonly ResourceRequirement[]>,
  ): Map<string, readonly ResourceRequirement[]> {
    this.#isClear = false
    const { tracker, spec, settings, workers } = this.#options
    const { fineGrained } = settings
    const maxWorkers = this.#additionalWorkers(settings.max, Math.floor)
    const demand = new WorkerDemand({ spec, maxWorkers, fineGrained })
    const unfulfillable = new Map<string, readonly ResourceRequirement[]>()
    // Slots in doubt for a moment are not worth a worker.
    let inDoubt = this.#slotsInDoubt()
    for (const [jobId, missing] of open) {
      const left = missing.flatMap((requirement) => {
        const covered = Math.min(inDoubt, requirement.numberOfRequiredSlots)
        inDoubt -= covered
        const numberOfRequiredSlots = requirement.numberOfRequiredSlots - covered
        const rest = demand.put({ ...requirement, numberOfRequiredSlots })
        return rest === 0 ? [] : [{ ...requirement, numberOfRequiredSlots: rest }]
      })
      if (left.length > 0) unfulfillable.set(jobId, left)
    }
    for (const taskManager of this.#unwanted) {
      if (!tracker.idle.has(taskManager)) this.#unwanted.delete(taskManager)
    }
    const kept = tracker.numberOfTaskManagers - this.#unwanted.size
    const spare = Math.max(this.#redundancy(demand), this.#minimum() - demand.workers)
    const additional = Math.min(maxWorkers, demand.workers + Math.max(0, spare))
    const unwanted = [...this.#unwanted].map(({ resourceId }) => resourceId)
    workers.declare(kept + additional, unwanted)
    this.#scheduleIdleCheck()
    return unfulfillable
  }

  clear(): void {
    this.#isClear = true
    this.#cancelIdleCheck?.()
    this.#cancelIdleCheck = undefined
    this.#unwanted.clear()
    this.#asked.clear()
  }

  /** How many workers more it takes to reach the bounds. */
  #additionalWorkers(bounds: ResourceBounds, round: (workers: number) => number): number {
    const { tracker, spec } = this.#options
    const { slots, cpuCores, memoryBytes } = tracker.total
    const missing: [number, number][] = [
      [bounds.slots - slots, spec.numberOfSlots],
      [bounds.cpuCores - cpuCores, spec.totalProfile.cpuCores],
      [bounds.memoryBytes - memoryBytes, memoryOf(spec.totalProfile)],
    ]
    const counts = missing.map(([amount, each]) =>
      each > 0 ? Math.max(0, round(amount / each)) : Number.POSITIVE_INFINITY,
    )
    return round === Math.floor ? Math.min(...counts) : Math.max(...counts)
  }

  #minimum(): number {
    const { min } = this.#options.settings
    const isSet = min.slots > 0 || min.cpuCores > 0 || min.memoryBytes > 0
    return isSet ? this.#additionalWorkers(min, Math.ceil) : 0
  }

  /** Workers that are missing so that enough slots are free to replace lost ones; none without jobs. */
  #redundancy(demand: WorkerDemand): number {
    const { tracker, settings, spec } = this.#options
    const { redundantTaskManagers } = settings
    const isBusy = tracker.idle.size < tracker.numberOfTaskManagers || demand.workers > 0
    if (redundantTaskManagers === 0 || !isBusy) return 0
    const wanted = redundantTaskManagers * spec.numberOfSlots
    const free = tracker.numberOfFreeSlots + demand.freeSlots
    return Math.ceil(Math.max(0, wanted - free) / spec.numberOfSlots)
  }

  #slotsInDoubt(): number {
    let count = 0
    for (const { freeSlots } of this.#options.tracker.withFreeSlots) {
      for (const slot of freeSlots) if (slot.isSuspect) count++
    }
    return count
  }

  #scheduleIdleCheck(): void {
    const { tracker, mainThread, clock, settings } = this.#options
    if (this.#cancelIdleCheck !== undefined) return
    const next = [...tracker.idle].find((taskManager) => this.#isCandidate(taskManager))
    if (next === undefined) return
    const dueMs = next.idleSince! + settings.taskManagerTimeoutMs - clock.now()
    this.#cancelIdleCheck = mainThread.schedule(Math.max(0, dueMs), () => {
      this.#cancelIdleCheck = undefined
      this.#releaseIdle()
      this.#scheduleIdleCheck()
    })
  }

  #isCandidate(taskManager: RegisteredTaskManager): boolean {
    return !this.#unwanted.has(taskManager) && !this.#asked.has(taskManager)
  }

  #releaseIdle(): void {
    const { tracker, clock, settings } = this.#options
    const latest = clock.now() - settings.taskManagerTimeoutMs
    let releasable = this.#releasableWorkers()
    for (const taskManager of tracker.idle) {
      if (taskManager.idleSince! > latest) break
      if (!this.#isCandidate(taskManager)) continue
      this.#asked.add(taskManager)
      if (releasable > 0) {
        releasable--
        this.#ask(taskManager)
      } else this.#askLater(taskManager)
    }
  }

  #ask(taskManager: RegisteredTaskManager): void {
    const { workers, mainThread, log, tracker, onChanged } = this.#options
    const { resourceId, idleSince } = taskManager
    void workers
      .canBeReleased(resourceId)
      .catch((error) => {
        // A lost one is noticed by its heartbeat.
        log.debug('A TaskManager did not say whether it can be released', { resourceId, error })
        return false
      })
      .then((canBeReleased) =>
        mainThread.execute(() => {
          if (this.#isClear || !tracker.idle.has(taskManager)) {
            this.#asked.delete(taskManager)
            return
          }
          if (!canBeReleased || taskManager.idleSince !== idleSince) {
            this.#askLater(taskManager)
            return
          }
          this.#asked.delete(taskManager)
          this.#unwanted.add(taskManager)
          log.info('A TaskManager has been idle for too long', { resourceId })
          onChanged()
        }),
      )
  }

  #askLater(taskManager: RegisteredTaskManager): void {
    const { mainThread, settings, clock, tracker } = this.#options
    mainThread.schedule(Math.max(1_000, settings.taskManagerTimeoutMs), () => {
      if (!this.#asked.delete(taskManager) || this.#isClear) return
      // It counts as idle from now on, behind the others: what kept it is asked for again in time.
      if (tracker.idle.has(taskManager)) {
        taskManager.idleSince = clock.now() - settings.taskManagerTimeoutMs
        this.#scheduleIdleCheck()
      }
    })
  }

  /** How many may go so that what is configured to stay does. */
  #releasableWorkers(): number {
    const { tracker, settings, spec } = this.#options
    const { slots, cpuCores, memoryBytes } = tracker.total
    const { min, redundantTaskManagers } = settings
    const isBusy = tracker.idle.size < tracker.numberOfTaskManagers
    const redundant = isBusy ? redundantTaskManagers * spec.numberOfSlots : 0
    const surplus: [number, number][] = [
      [slots - min.slots, spec.numberOfSlots],
      [cpuCores - min.cpuCores, spec.totalProfile.cpuCores],
      [memoryBytes - min.memoryBytes, memoryOf(spec.totalProfile)],
      [tracker.numberOfFreeSlots - redundant - tracker.reservedSlots, spec.numberOfSlots],
    ]
    const counts = surplus.map(([amount, each]) =>
      each > 0 ? Math.floor(amount / each) : Number.POSITIVE_INFINITY,
    )
    return Math.max(0, Math.min(...counts) - this.#unwanted.size)
  }
}
