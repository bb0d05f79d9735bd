import assert from 'node:assert/strict'
import type { CancelTimer, Logger, ResourceId } from '@flink-ts/core'
import type { WorkerHandle, WorkerResourceSpec } from '@flink-ts/runtime'
import { TASK_TRANSITIONS, type TaskEvent, type TaskState } from './task-state.js'
import type { WorkerRecordState } from './worker-record.js'

/** Who asked for a worker; answered once. */
export interface TaskRequest {
  readonly spec: WorkerResourceSpec
  readonly grant: (worker: WorkerHandle) => void
  readonly refuse: (error: Error) => void
}

export interface TrackedTaskOptions {
  readonly log: Logger
  readonly taskId: string
  readonly state: TaskState
  /** What is kept of it; undefined: nothing. */
  readonly record?: WorkerRecordState
  readonly agentId?: string | undefined
  readonly host?: string | undefined
  readonly request?: TaskRequest
  /** Whether the ResourceManager counts on it. */
  readonly isWanted: boolean
}

/** One task, from the request for a worker, or from the moment that it is known, until it has ended. */
export class TrackedTask {
  readonly taskId: string
  readonly #log: Logger
  #state: TaskState
  /** What is kept of it, or will be as soon as the store has done what it was told. */
  record: WorkerRecordState | undefined
  agentId: string | undefined
  host: string | undefined
  /** Absent once it was answered. */
  request: TaskRequest | undefined
  isWanted: boolean
  /** The subscription in which the master was told of it, by its number; 0: not in this term. */
  launchedIn = 0
  /** How often its end was asked for since it is KILLING. */
  kills = 0
  cancelTimer: CancelTimer | undefined

  constructor(options: TrackedTaskOptions) {
    this.#log = options.log
    this.taskId = options.taskId
    this.#state = options.state
    this.record = options.record
    this.agentId = options.agentId
    this.host = options.host
    this.request = options.request
    this.isWanted = options.isWanted
  }

  get state(): TaskState {
    return this.#state
  }

  get handle(): WorkerHandle {
    const { host } = this
    const resourceId = this.taskId as ResourceId
    return host === undefined ? { resourceId } : { resourceId, nodeId: host }
  }

  /** For the log. */
  get facts(): Readonly<Record<string, unknown>> {
    const { taskId, agentId, host } = this
    return { taskId, agentId, host }
  }

  can(event: TaskEvent): boolean {
    return (TASK_TRANSITIONS[this.#state][event] ?? '-') !== '-'
  }

  /** @returns whether a state was entered, if only the same again */
  happened(event: TaskEvent): boolean {
    const from = this.#state
    const to = TASK_TRANSITIONS[from][event]
    assert(to !== undefined, `task ${this.taskId}: '${event}' cannot happen while it is ${from}`)
    if (to === '-') return false
    this.cancelTimer?.()
    this.cancelTimer = undefined
    this.#state = to
    if (from !== 'KILLING' || event !== 'overdue') this.kills = 0
    if (from !== to) this.#log.debug('Task changed', { taskId: this.taskId, from, to, event })
    return true
  }
}
