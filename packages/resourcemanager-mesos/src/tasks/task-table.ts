import type { Clock, Logger, Random, ResourceId } from '@flink-ts/core'
import type { SchedulerCall } from '@flink-ts/mesos-client'
import { requestWithdrawn, taskLaunchFailed } from './mesos-task-error.js'
import { Reconciliation } from './reconciliation.js'
import type { TaskEvent } from './task-state.js'
import { TrackedTask, type TrackedTaskOptions } from './tracked-task.js'
import type { WorkerRecordState } from './worker-record.js'
import type { WorkerStore } from './worker-store.js'

/** A task of which nothing is heard for so long is asked of. */
const STAGING_TIMEOUT_MS = 30_000
/** Between two KILLs of the same task: at first, and at most. */
const FIRST_KILL_PAUSE_MS = 5_000
const MAX_KILL_PAUSE_MS = 60_000

export interface TaskTableOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly store: WorkerStore
  /** Failures are dealt with. */
  readonly call: (call: SchedulerCall) => void
  /** A worker that was granted or recovered is not there any more. */
  readonly onTerminated: (resourceId: ResourceId, diagnostics: string) => void
  /** It has ended, or never was. */
  readonly onEnded: (taskId: string) => void
  /** Something cannot be kept: the term is over, or worse. */
  readonly onStoreFailed: (error: unknown) => void
}

/** The tasks that are wanted, may run, or must end, and what is done when something happens to one of them. */
export class TaskTable {
  readonly #options: TaskTableOptions
  readonly #log: Logger
  readonly #tasks = new Map<string, TrackedTask>()
  readonly #reconciliation: Reconciliation
  #isSubscribed = false
  #isClosed = false

  constructor(options: TaskTableOptions) {
    this.#options = options
    this.#log = options.log
    this.#reconciliation = new Reconciliation({ ...options, onPeriod: () => this.#askOfAll() })
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Of which nobody knows what became of them. */
  get unanswered(): number {
    return this.#reconciliation.unanswered
  }

  /** Those that have not ended. */
  get all(): TrackedTask[] {
    return [...this.#tasks.values()]
  }

  get(taskId: string): TrackedTask | undefined {
    return this.#tasks.get(taskId)
  }

  /** What is done on entering its state is done on the next subscription. */
  add(options: Omit<TrackedTaskOptions, 'log'>): TrackedTask {
    const task = new TrackedTask({ ...options, log: this.#log })
    this.#tasks.set(task.taskId, task)
    return task
  }

  /** @param why for people: what follows from it is told with this */
  happened(task: TrackedTask, event: TaskEvent, why: string): void {
    if (task.happened(event)) this.#entered(task, why)
  }

  /** For one that is added as KILLING while the framework is subscribed. */
  killNow(task: TrackedTask, why: string): void {
    this.#killing(task, why)
  }

  subscribed(): void {
    this.#isSubscribed = true
    for (const task of this.all) {
      this.happened(task, 'subscribed', 'the framework is subscribed')
      if (task.state === 'UNREACHABLE') this.#reconciliation.ask(task.taskId, task.agentId)
    }
    this.#reconciliation.subscribed()
  }

  disconnected(): void {
    this.#isSubscribed = false
    this.#reconciliation.disconnected()
  }

  /** The master has said of the task what it knows. */
  answered(taskId: string): void {
    this.#reconciliation.answered(taskId)
  }

  /** Nothing was heard of it yet since the master was, or is about to be, told. */
  awaitNews(task: TrackedTask): void {
    this.#startTimer(task, STAGING_TIMEOUT_MS)
  }

  /** What the store is told; when that cannot be kept, nothing more happens here. */
  keep(write: Promise<void>, then: () => void = () => {}): void {
    write.then(then, (error) => {
      if (!this.#isClosed) this.#options.onStoreFailed(error)
    })
  }

  /** Tasks go on, nobody hears of them any more. */
  close(): void {
    this.#isClosed = true
    this.#reconciliation.close()
    for (const task of this.all) {
      task.cancelTimer?.()
      task.request?.refuse(requestWithdrawn())
    }
    this.#tasks.clear()
  }

  #entered(task: TrackedTask, why: string): void {
    const { taskId, agentId } = task
    switch (task.state) {
      case 'NEW':
        task.agentId = undefined
        task.host = undefined
        this.#note(task, 'New')
        break
      case 'LAUNCHING':
        this.#note(task, 'Launched')
        break
      case 'STAGING':
        this.awaitNews(task)
        break
      case 'RECONCILING':
        this.#reconciliation.ask(taskId, agentId)
        break
      case 'UNREACHABLE':
        this.#log.warn('A task is given up: its agent cannot be reached', { ...task.facts, why })
        this.#giveUp(task, why)
        if (task.record === 'Launched') this.#note(task, 'Released')
        break
      case 'KILLING':
        this.#killing(task, why)
        break
      case 'TERMINAL':
        this.#terminal(task, why)
        break
      default:
        break
    }
  }

  #killing(task: TrackedTask, why: string): void {
    const { taskId, record } = task
    this.#reconciliation.answered(taskId)
    if (task.kills === 0) this.#log.info('A task is killed', { ...task.facts, why })
    if (record === 'Launched') this.#note(task, 'Released')
    this.keep(this.#options.store.settled(taskId), () => this.#kill(task))
  }

  #kill(task: TrackedTask): void {
    const { taskId, agentId, kills, state } = task
    if (state !== 'KILLING' || !this.#isSubscribed || this.#isClosed) return
    task.kills++
    this.#options.call({ type: 'KILL', taskId, ...(agentId === undefined ? {} : { agentId }) })
    const pauseMs = FIRST_KILL_PAUSE_MS * 2 ** Math.min(kills, 10)
    this.#startTimer(task, Math.min(MAX_KILL_PAUSE_MS, pauseMs))
  }

  #terminal(task: TrackedTask, why: string): void {
    const { taskId, isWanted, record } = task
    this.#log.info('A task has ended', { ...task.facts, isWanted, why })
    this.#tasks.delete(taskId)
    this.#reconciliation.answered(taskId)
    this.#options.onEnded(taskId)
    this.#giveUp(task, why)
    if (record !== undefined) this.keep(this.#options.store.remove(taskId))
  }

  /** Whoever counts on it is told that it is not there. */
  #giveUp(task: TrackedTask, why: string): void {
    if (!task.isWanted) return
    task.isWanted = false
    const { taskId, host, request } = task
    task.request = undefined
    if (request !== undefined) request.refuse(taskLaunchFailed({ taskId, host, why }))
    else {
      const where = host === undefined ? '' : `, on ${host}`
      this.#options.onTerminated(task.handle.resourceId, `${why}${where}`)
    }
  }

  #note(task: TrackedTask, state: WorkerRecordState): void {
    const { taskId, agentId, host } = task
    task.record = state
    const place = {
      ...(agentId === undefined ? {} : { agentId }),
      ...(host === undefined ? {} : { host }),
    }
    this.keep(this.#options.store.putWorker({ taskId, state, ...place }))
  }

  #startTimer(task: TrackedTask, delayMs: number): void {
    task.cancelTimer?.()
    task.cancelTimer = this.#options.clock.schedule(delayMs, () => {
      task.cancelTimer = undefined
      this.happened(task, 'overdue', `nothing was heard of it for ${delayMs} ms`)
    })
  }

  #askOfAll(): void {
    for (const { state, taskId, agentId } of this.all) {
      if (state === 'RUNNING' || state === 'UNREACHABLE') this.#reconciliation.ask(taskId, agentId)
    }
  }
}
