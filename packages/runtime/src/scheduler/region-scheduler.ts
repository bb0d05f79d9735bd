import type { CancelTimer } from '@flink-ts/core'
import type { ExecutionGraph } from '../executiongraph/execution-graph.js'
import { slotProfilesOf } from '../jobgraph/slot-profiles.js'
import type { ScheduleAction, SlotProvider } from '../jobmaster/slotpool/slot-provider.js'
import { InputProgress } from './input-progress.js'
import { NoResourceAvailableError } from './no-resource-available-error.js'
import type { PipelinedRegion, PipelinedRegions } from './pipelined-regions.js'
import { preferredTaskManagers } from './preferred-task-managers.js'
import { SharedSlots } from './shared-slots.js'
import { assignSlotSharingGroups } from './slot-sharing.js'

export interface RegionSchedulerOptions {
  readonly graph: ExecutionGraph
  readonly regions: PipelinedRegions
  readonly slots: SlotProvider
  readonly schedule: ScheduleAction
  /** `slot.request.timeout`. */
  readonly slotRequestTimeoutMs: number
  /** See `NoResourceAvailableError`. */
  readonly startsTaskManagers?: boolean | undefined
  /** See {@link assignSlotSharingGroups}. */
  readonly balanceTasks?: boolean
  /** See `SharedSlotsOptions`. */
  readonly staysWithState?: boolean
  /** All tasks of the region have slots now and are DEPLOYING. */
  readonly deploy: (tasks: readonly number[]) => void
  /** A task cannot be scheduled. */
  readonly onSchedulingFailed: (task: number, error: Error) => void
}

interface WaitingRegion {
  readonly region: PipelinedRegion
  /** Those of its tasks that were CREATED. */
  readonly tasks: ReadonlySet<number>
  /** Those of `tasks` that were not seen to have slots. */
  readonly without: Set<number>
  cancelTimer: CancelTimer
}

/**
 * Flink's pipelined region scheduling: a region is scheduled when the blocking results that it
 * reads are complete; its slots are wished for together and its tasks deployed together.
 */
export class RegionScheduler {
  readonly #options: RegionSchedulerOptions
  readonly #slots: SharedSlots
  readonly #inputs: InputProgress
  readonly #waiting = new Map<PipelinedRegion, WaitingRegion>()
  /** Regions whose slots may be complete. */
  readonly #toCheck = new Set<PipelinedRegion>()
  #checking = false

  constructor(options: RegionSchedulerOptions) {
    this.#options = options
    this.#inputs = new InputProgress(options.regions)
    this.#slots = new SharedSlots(assignSlotSharingGroups(options.graph, options.balanceTasks), {
      provider: options.slots,
      profiles: slotProfilesOf(options.graph.jobGraph),
      staysWithState: options.staysWithState,
      preferredTaskManagers: (tasks) =>
        preferredTaskManagers(options.graph, tasks, (task) => this.#slots.slotOf(task)),
      onSlotGranted: (tasks) => {
        for (const task of tasks) this.#toCheck.add(options.regions.regionOf(task))
        this.#deployComplete()
      },
    })
  }

  /** What the job waits for, for people; undefined: for no slots. */
  get waitingFor(): string | undefined {
    if (this.#waiting.size === 0) return undefined
    const { requiredSlots, availableSlots, shortage } = this.#options.slots
    const why = shortage === undefined ? '' : ` (${shortage})`
    return `waiting for slots: ${requiredSlots} required, ${availableSlots} available${why}`
  }

  /** The tasks will run again: until {@link restart} nobody else gets the slots that they ran in. */
  restartExpected(tasks: readonly number[]): void {
    this.#slots.holdBack(tasks)
  }

  /** The task had finished and is CREATED again. */
  finishedTaskReset(task: number): void {
    this.#inputs.taskReset(task)
  }

  /** Schedules the regions of tasks that are CREATED again, as far as they can run now. */
  restart(tasks: readonly number[]): void {
    const { regions } = this.#options
    this.scheduleRegions(new Set(tasks.map((task) => regions.regionOf(task))))
    this.#slots.yieldBack(tasks)
  }

  /** Schedules those of `regions` that can run now; tasks that are not CREATED are left alone. */
  scheduleRegions(regions: Iterable<PipelinedRegion>): void {
    for (const region of regions) {
      if (!this.#waiting.has(region) && this.#inputs.isComplete(region)) this.#schedule(region)
    }
    this.#deployComplete()
  }

  /** The task finished: consumers of its region's blocking results may be next. */
  taskFinished(task: number): void {
    const next = this.#inputs.taskFinished(task)
    if (next.size > 0) this.scheduleRegions(next)
  }

  /** The task's attempt has ended, however: its slot is free for others. */
  taskEnded(task: number): void {
    const waiting = this.#waiting.get(this.#options.regions.regionOf(task))
    // A region is scheduled as a whole; when one of its tasks ends before, the others will too.
    if (waiting?.tasks.has(task)) this.#stopWaiting(waiting)
    this.#slots.release(task)
  }

  /** See {@link SharedSlots.slotLost}. */
  slotLost(allocationId: Parameters<SharedSlots['slotLost']>[0]): void {
    for (const { tasks, without } of this.#waiting.values()) {
      for (const task of tasks) {
        if (this.#slots.slotOf(task)?.allocationId === allocationId) without.add(task)
      }
    }
    this.#slots.slotLost(allocationId)
  }

  close(): void {
    for (const waiting of [...this.#waiting.values()]) this.#stopWaiting(waiting)
  }

  #schedule(region: PipelinedRegion): void {
    const { vertices } = this.#options.graph
    const tasks = region.tasks.filter((task) => vertices[task]!.current.state === 'CREATED')
    if (tasks.length === 0) return
    for (const task of tasks) vertices[task]!.current.transitionTo('SCHEDULED')
    const waiting: WaitingRegion = {
      region,
      tasks: new Set(tasks),
      without: new Set(tasks),
      cancelTimer: () => {},
    }
    this.#waiting.set(region, waiting)
    this.#armTimeout(waiting)
    this.#toCheck.add(region)
    this.#slots.require(tasks)
  }

  #armTimeout(waiting: WaitingRegion): void {
    const { schedule, slotRequestTimeoutMs, startsTaskManagers, graph, slots } = this.#options
    waiting.cancelTimer = schedule(slotRequestTimeoutMs, () => {
      // The slots of a batch job's running tasks come free by themselves.
      const needed = this.#slots.countSlots([...waiting.tasks])
      if (graph.jobGraph.jobType === 'BATCH' && slots.availableSlots >= needed) {
        this.#armTimeout(waiting)
        return
      }
      const error = new NoResourceAvailableError({
        jobName: graph.jobGraph.name,
        requiredSlots: slots.requiredSlots,
        availableSlots: slots.availableSlots,
        shortage: slots.shortage,
        timeoutMs: slotRequestTimeoutMs,
        startsTaskManagers: startsTaskManagers === true,
      })
      const [first] = waiting.tasks
      this.#options.onSchedulingFailed(first!, error)
    })
  }

  /** Deploys those of the regions to check whose slots are complete; what comes to them meanwhile is checked, too. */
  #deployComplete(): void {
    if (this.#checking) return
    this.#checking = true
    for (const region of this.#toCheck) {
      this.#toCheck.delete(region)
      const waiting = this.#waiting.get(region)
      if (waiting !== undefined && this.#hasAllSlots(waiting)) this.#deploy(waiting)
    }
    this.#checking = false
  }

  #hasAllSlots(waiting: WaitingRegion): boolean {
    for (const task of waiting.without) {
      if (this.#slots.slotOf(task) === undefined) return false
      waiting.without.delete(task)
    }
    return true
  }

  #deploy(waiting: WaitingRegion): void {
    this.#stopWaiting(waiting)
    const { vertices } = this.#options.graph
    for (const task of waiting.tasks) {
      const execution = vertices[task]!.current
      execution.assignSlot(this.#slots.slotOf(task)!)
      execution.transitionTo('DEPLOYING')
    }
    this.#options.deploy([...waiting.tasks])
  }

  #stopWaiting(waiting: WaitingRegion): void {
    waiting.cancelTimer()
    this.#waiting.delete(waiting.region)
    this.#toCheck.delete(waiting.region)
  }
}
