import type { Clock, Logger, Random, ResourceId } from '@flink-ts/core'
import {
  MesosCallError,
  type SchedulerCall,
  type TaskInfo,
  type TaskStatus,
} from '@flink-ts/mesos-client'
import type { WorkerHandle, WorkerResourceSpec } from '@flink-ts/runtime'
import type { WorkerLauncher } from '../launch/worker-launcher.js'
import type { OfferTaker, Placement } from '../offers/placement.js'
import { Acknowledgements } from './acknowledgements.js'
import { requestWithdrawn } from './mesos-task-error.js'
import {
  describeTaskStatus,
  exitStatusOf,
  isOfferGone,
  mayRun,
  taskEventOf,
} from './task-status-event.js'
import { TaskTable } from './task-table.js'
import type { TrackedTask } from './tracked-task.js'
import type { StoredWorkers, WorkerStore } from './worker-store.js'

/** For so long after a subscription the master may not have heard of all agents. */
const NEW_MASTER_MS = 60_000

export interface WorkerTasksOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly store: WorkerStore
  readonly launcher: WorkerLauncher
  readonly offers: OfferTaker
  readonly call: (call: SchedulerCall) => Promise<void>
  readonly taskIdOf: (taskNumber: number) => string
  /** A worker that was granted or recovered is not there any more. */
  readonly onTerminated: (resourceId: ResourceId, diagnostics: string) => void
  /** A task that was wanted has failed, whether it was granted or not. */
  readonly onTaskFailed: (diagnostics: string) => void
  /** Something cannot be kept: the term is over, or worse. */
  readonly onStoreFailed: (error: unknown) => void
}

/**
 * The tasks of one term, by what is kept of them, what is wanted, and what Mesos says. What is decided here is noted before the master
 * hears of it, and what the master says is acknowledged after it was acted upon and noted.
 */
export class WorkerTasks {
  readonly #options: WorkerTasksOptions
  readonly #log: Logger
  readonly #table: TaskTable
  readonly #acknowledgements: Acknowledgements
  /** Counts. */
  #subscription = 0
  #subscribedAtMs = Number.NEGATIVE_INFINITY

  constructor(options: WorkerTasksOptions) {
    const { store, launcher, offers } = options
    this.#options = options
    this.#log = options.log
    this.#acknowledgements = new Acknowledgements({
      call: (call) => this.#call(call),
      settled: (taskId) => store.settled(taskId),
    })
    this.#table = new TaskTable({
      ...options,
      call: (call) => void this.#call(call),
      onEnded: (taskId) => {
        this.#acknowledgements.ended(taskId)
        offers.withdraw(taskId)
        launcher.forget(taskId)
      },
    })
  }

  /** Tasks of which nobody knows what became of them. */
  get unanswered(): number {
    return this.#table.unanswered
  }

  /**
   * Takes over what a former leader left; once, before anything else.
   *
   * @returns the workers that should run
   */
  recover({ workers, corrupt }: StoredWorkers): WorkerHandle[] {
    const recovered: WorkerHandle[] = []
    for (const { taskId, state, agentId, host } of workers) {
      if (state === 'New') {
        this.#table.keep(this.#options.store.remove(taskId))
        continue
      }
      const isWanted = state === 'Launched'
      const task = this.#table.add({
        taskId,
        state: isWanted ? 'RECONCILING' : 'KILLING',
        record: state,
        agentId,
        host,
        isWanted,
      })
      if (isWanted) recovered.push(task.handle)
    }
    for (const taskId of corrupt) {
      this.#table.add({ taskId, state: 'KILLING', record: 'Released', isWanted: false })
    }
    return recovered
  }

  /** @throws FlinkError FLINK_MESOS_TASK, FLINK_MESOS_REQUEST_WITHDRAWN; IllegalConfigurationError */
  async request(
    spec: WorkerResourceSpec,
    signal: AbortSignal,
    blockedHosts: ReadonlySet<string>,
  ): Promise<WorkerHandle> {
    const { launcher, store, offers, taskIdOf } = this.#options
    const needs = launcher.needsOf(spec)
    const taskNumber = await this.#keptOrWithdrawn(store.nextTaskNumber())
    if (signal.aborted || this.#table.isClosed) throw requestWithdrawn()
    const taskId = taskIdOf(taskNumber)
    return new Promise<WorkerHandle>((grant, refuse) => {
      const request = { spec, grant, refuse }
      const task = this.#table.add({ taskId, state: 'NEW', record: 'New', request, isWanted: true })
      signal.addEventListener('abort', () => this.release(taskId), { once: true })
      this.#log.info('A task is wanted', { taskId, needs })
      this.#table.keep(store.putWorker({ taskId, state: 'New' }), () => {
        const isStillWanted = !this.#table.isClosed && task.state === 'NEW'
        if (isStillWanted) offers.request({ taskId, needs, blockedHosts })
      })
    })
  }

  /** Ends a task, or takes its request back; one that has ended already is ignored. */
  release(taskId: string): void {
    const task = this.#table.get(taskId)
    if (task === undefined) return
    task.isWanted = false
    task.request?.refuse(requestWithdrawn())
    task.request = undefined
    this.#table.happened(task, 'release', 'it is not needed any more')
  }

  /** A `PlacementHandler`: notes where tasks go. Those that are not wanted any more are left out. */
  async place({ offers, tasks: placed }: Placement): Promise<TaskInfo[]> {
    const { launcher, store } = this.#options
    const [offer] = offers
    if (offer === undefined) return []
    const { agentId, hostname: host } = offer
    await launcher.prepare()
    const launches = placed.flatMap(({ taskId, resources, ports }) => {
      const task = this.#table.get(taskId)
      const spec = task?.request?.spec
      if (spec === undefined || task?.can('placed') !== true) return []
      task.agentId = agentId
      task.host = host
      try {
        const launched = launcher.launch(taskId, spec, offer, ports)
        this.#table.happened(task, 'placed', `there is room on ${host}`)
        const info: TaskInfo = { taskId, name: taskId, agentId, resources, ...launched }
        return [{ task, info }]
      } catch (error) {
        this.#table.happened(task, 'unlaunchable', messageOf(error))
        return []
      }
    })
    const kept = launches.map(({ task }) => store.settled(task.taskId))
    await this.#keptOrWithdrawn(Promise.all(kept))
    const stillWanted = launches.filter(
      // Of a term that is over there are none.
      ({ task }) => task.state === 'LAUNCHING' && this.#table.get(task.taskId) === task,
    )
    for (const { task } of stillWanted) this.#table.awaitNews(task)
    return stillWanted.map(({ info }) => info)
  }

  /** The place of these is gone, and the master was not told: they are as before they had one. */
  voided(taskIds: readonly string[]): void {
    for (const taskId of taskIds) {
      const task = this.#table.get(taskId)
      if (task?.can('voided') === true) this.#table.happened(task, 'voided', 'its place is gone')
    }
  }

  /**
   * The master is about to be told of these tasks.
   *
   * @returns those of them that it still should be told of
   */
  accepting(launch: readonly TaskInfo[]): TaskInfo[] {
    return launch.filter(({ taskId }) => {
      const task = this.#table.get(taskId)
      if (task?.can('accepted') !== true) return false
      task.launchedIn = this.#subscription
      this.#table.happened(task, 'accepted', 'the master is told')
      return true
    })
  }

  /** The master does not carry it out. */
  launchRefused(launch: readonly TaskInfo[], why: string): void {
    for (const { taskId } of launch) {
      const task = this.#table.get(taskId)
      if (task !== undefined) this.#table.happened(task, 'ended', why)
    }
  }

  /** @param mayBeKnown whether an earlier master may know the framework, and this one not yet all of its agents */
  subscribed(mayBeKnown: boolean): void {
    const now = this.#options.clock.monotonicNow()
    this.#subscription++
    this.#subscribedAtMs = mayBeKnown ? now : Number.NEGATIVE_INFINITY
    this.#table.subscribed()
  }

  disconnected(): void {
    this.#table.disconnected()
  }

  /** What Mesos says of a task. */
  updated(status: TaskStatus): void {
    if (this.#table.isClosed) return
    const isNews = this.#acknowledgements.isNews(status)
    const task = this.#table.get(status.taskId)
    // Also what was heard before: the task may have been given up since.
    if (task === undefined) this.#strangerUpdated(status)
    else if (isNews) this.#taskUpdated(task, status)
    void this.#acknowledgements.acknowledge(status)
  }

  /** The framework is no more, and its tasks with it. Those that have no place yet get one of the next. */
  frameworkGone(why: string): void {
    for (const task of this.#table.all) {
      if (task.state !== 'NEW') this.#table.happened(task, 'ended', why)
    }
  }

  /** The term is over: tasks go on, nobody hears of them any more. */
  close(): void {
    this.#acknowledgements.close()
    this.#table.close()
  }

  #taskUpdated(task: TrackedTask, status: TaskStatus): void {
    const { taskId, agentId } = status
    const ageMs = this.#options.clock.monotonicNow() - this.#subscribedAtMs
    const mayNotKnow = task.launchedIn !== this.#subscription && ageMs < NEW_MASTER_MS
    const event = taskEventOf(status, mayNotKnow)
    const words = describeTaskStatus(status, (exitStatus) =>
      this.#options.launcher.meaningOf?.(exitStatus),
    )
    const isStrange = status.state === 'TASK_UNRECOGNIZED' && status.uuid !== undefined
    if (isStrange) this.#log.warn('The state of a task is none that is known', { taskId, words })
    else this.#log.debug('Mesos tells of a task', { taskId, state: task.state, words })
    if (event !== 'doubtful') this.#table.answered(taskId)
    task.agentId ??= agentId
    const { isWanted } = task
    this.#processEnded(task, status)
    this.#table.happened(task, event, words)
    if (event === 'alive' && task.state === 'RUNNING') this.#grant(task)
    const hasFailed = isWanted && !task.isWanted && !isOfferGone(status)
    if (hasFailed)
      this.#options.onTaskFailed(
        `${taskId}${task.host === undefined ? '' : ` on ${task.host}`}: ${words}`,
      )
  }

  #processEnded({ agentId, launchedIn }: TrackedTask, status: TaskStatus): void {
    const exitStatus = exitStatusOf(status)
    // What an earlier term had fetched was something else.
    const isOfTerm = launchedIn > 0
    if (exitStatus === undefined || agentId === undefined || !isOfTerm) return
    this.#options.launcher.exited?.(agentId, exitStatus)
  }

  #grant(task: TrackedTask): void {
    const { request } = task
    if (request === undefined) return
    task.request = undefined
    this.#log.info('A task runs', task.facts)
    request.grant(task.handle)
  }

  #strangerUpdated(status: TaskStatus): void {
    const { taskId, agentId, state } = status
    if (!mayRun(state)) {
      this.#acknowledgements.ended(taskId)
      return
    }
    const words = describeTaskStatus(status)
    this.#log.warn(
      'A task of this framework runs that is not known, or was given up: it is killed',
      {
        taskId,
        agentId,
        words,
      },
    )
    // Noted before it is killed, like others: of a leader that leads no more it may be known to the next.
    const task = this.#table.add({
      taskId,
      state: 'KILLING',
      record: 'Launched',
      agentId,
      isWanted: false,
    })
    this.#table.killNow(task, words)
  }

  async #keptOrWithdrawn<T>(kept: Promise<T>): Promise<T> {
    try {
      return await kept
    } catch (error) {
      if (!this.#table.isClosed) this.#options.onStoreFailed(error)
      throw requestWithdrawn()
    }
  }

  /** What is lost with the subscription is repeated on the next one, here or by the agent. */
  #call(call: SchedulerCall): Promise<void> {
    return this.#options.call(call).catch((error) => {
      const isPassing = error instanceof MesosCallError && error.reason === 'not-subscribed'
      const fields = { type: call.type, why: messageOf(error) }
      if (isPassing || this.#table.isClosed) this.#log.debug('Mesos was not told', fields)
      else this.#log.warn('Mesos refuses what it is told', fields)
    })
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
