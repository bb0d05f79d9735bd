import assert from 'node:assert/strict'
import type { CancelTimer, Clock } from '@flink-ts/core'
import type { FrameworkInfo, MesosTaskState, TaskInfo, TaskStatus } from '@flink-ts/mesos-client'
import type { Amount } from './amounts.js'
import type { TaskBehaviour } from './task-behaviour.js'

/** What an agent is told when it is to run a task. */
export interface TaskLaunch {
  readonly info: TaskInfo
  readonly frameworkId: string
  readonly framework: FrameworkInfo
  readonly role: string
  /** Of each resource of the agent. */
  readonly amounts: readonly Amount[]
}

const TERMINAL: ReadonlySet<MesosTaskState> = new Set([
  'TASK_FINISHED',
  'TASK_FAILED',
  'TASK_KILLED',
  'TASK_ERROR',
  'TASK_LOST',
  'TASK_DROPPED',
  'TASK_GONE',
])

/** Whether nothing comes after it. */
export function isTerminal(state: MesosTaskState): boolean {
  return TERMINAL.has(state)
}

const TRANSITIONS: Readonly<Record<string, readonly MesosTaskState[]>> = {
  TASK_STAGING: ['TASK_STARTING', 'TASK_FAILED', 'TASK_KILLED', 'TASK_LOST', 'TASK_GONE'],
  TASK_STARTING: [
    'TASK_RUNNING',
    'TASK_KILLING',
    'TASK_FAILED',
    'TASK_KILLED',
    'TASK_LOST',
    'TASK_GONE',
  ],
  TASK_RUNNING: [
    'TASK_KILLING',
    'TASK_FINISHED',
    'TASK_FAILED',
    'TASK_KILLED',
    'TASK_LOST',
    'TASK_GONE',
  ],
  TASK_KILLING: ['TASK_FINISHED', 'TASK_FAILED', 'TASK_KILLED', 'TASK_LOST', 'TASK_GONE'],
}

export type ChangeFacts = Pick<TaskStatus, 'message' | 'reason' | 'source'>

/** A task on its agent, and the process in it. */
export class SimulatedTask {
  readonly launch: TaskLaunch
  readonly hostname: string
  readonly #clock: Clock
  readonly #behaviour: TaskBehaviour
  readonly #changed: (state: MesosTaskState, facts: ChangeFacts) => void
  #state: MesosTaskState = 'TASK_STAGING'
  #cancel: CancelTimer = () => {}
  #stop: (() => void) | undefined
  #isKilled = false

  constructor(
    launch: TaskLaunch,
    hostname: string,
    clock: Clock,
    behaviour: TaskBehaviour,
    changed: (state: MesosTaskState, facts: ChangeFacts) => void,
  ) {
    this.launch = launch
    this.hostname = hostname
    this.#clock = clock
    this.#behaviour = behaviour
    this.#changed = changed
  }

  get id(): string {
    return this.launch.info.taskId
  }

  get state(): MesosTaskState {
    return this.#state
  }

  get hasEnded(): boolean {
    return isTerminal(this.#state)
  }

  /** Whether its process is there. */
  get isRunning(): boolean {
    return this.#state === 'TASK_RUNNING' || this.#state === 'TASK_KILLING'
  }

  begin(): void {
    const { stagingMs = 20, startingMs = 30, launchFailure, staysStaging } = this.#behaviour
    if (staysStaging === true) return
    this.#after(stagingMs, () => {
      if (launchFailure !== undefined) {
        this.#to('TASK_FAILED', { ...launchFailure, source: 'SOURCE_AGENT' })
        return
      }
      this.#to('TASK_STARTING', { source: 'SOURCE_EXECUTOR' })
      this.#after(startingMs, () => this.#run())
    })
  }

  /** The wish to end it; again: nothing. */
  kill(gracePeriodMs = this.launch.info.killGracePeriodMs ?? 3000): void {
    if (this.#isKilled || this.hasEnded) return
    this.#isKilled = true
    if (this.#state === 'TASK_STAGING') {
      const reason = 'REASON_TASK_KILLED_DURING_LAUNCH'
      this.end('TASK_KILLED', { message: 'Killed before it was given to its executor', reason })
      return
    }
    if (this.launch.framework.capabilities.includes('TASK_KILLING_STATE')) {
      this.#to('TASK_KILLING', { source: 'SOURCE_EXECUTOR' })
    }
    this.#after(Math.min(gracePeriodMs, this.#behaviour.killMs ?? 10), () => {
      const message = 'Command terminated with signal Terminated'
      this.end('TASK_KILLED', { message, source: 'SOURCE_EXECUTOR' })
    })
  }

  /** It ends now, whatever it does. */
  end(state: MesosTaskState, facts: ChangeFacts): void {
    if (this.hasEnded) return
    this.#stop?.()
    this.#stop = undefined
    this.#to(state, { source: 'SOURCE_AGENT', ...facts })
  }

  #run(): void {
    this.#to('TASK_RUNNING', { source: 'SOURCE_EXECUTOR' })
    const stop = this.#behaviour.run?.({
      info: this.launch.info,
      hostname: this.hostname,
      exit: (status, message = `Command exited with status ${status}`) => {
        if (this.hasEnded) return
        // What has ended by itself needs not be ended.
        this.#stop = undefined
        const state = status === 0 ? 'TASK_FINISHED' : 'TASK_FAILED'
        this.#to(state, { message, source: 'SOURCE_EXECUTOR' })
      },
    })
    if (!this.hasEnded) this.#stop = stop
  }

  #to(state: MesosTaskState, facts: ChangeFacts): void {
    assert(TRANSITIONS[this.#state]?.includes(state), `task ${this.id}: ${this.#state} -> ${state}`)
    this.#state = state
    if (this.hasEnded) this.#cancel()
    this.#changed(state, facts)
  }

  #after(delayMs: number, action: () => void): void {
    this.#cancel()
    this.#cancel = this.#clock.schedule(delayMs, action)
  }
}
