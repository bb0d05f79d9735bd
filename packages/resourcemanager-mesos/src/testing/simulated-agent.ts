import assert from 'node:assert/strict'
import type { Clock, Random } from '@flink-ts/core'
import type { MesosTaskState, TaskStatus } from '@flink-ts/mesos-client'
import type { AgentSpec } from './agent-spec.js'
import { type Amount, readAmount } from './amounts.js'
import { type ChangeFacts, SimulatedTask, type TaskLaunch } from './simulated-task.js'
import type { TaskBehaviour } from './task-behaviour.js'
import { UpdateStream } from './update-stream.js'

/** What an agent has of the world. */
export interface AgentWorld {
  readonly clock: Clock
  readonly random: Random
  readonly behaviourOf: (launch: TaskLaunch, spec: AgentSpec) => TaskBehaviour
  /** To the master, if there is one that knows the agent. */
  readonly sendUpdate: (agent: SimulatedAgent, frameworkId: string, status: TaskStatus) => void
}

interface TaskOnAgent {
  readonly task: SimulatedTask
  readonly updates: UpdateStream
}

/** One machine: its agent's process, and the tasks on it, which go on without that process if they are checkpointed. */
export class SimulatedAgent {
  readonly spec: AgentSpec
  readonly total: readonly Amount[]
  readonly #world: AgentWorld
  readonly #tasks = new Map<string, TaskOnAgent>()
  #id: string | undefined
  #isUp = true
  /** From when the operator wants the machine back. */
  unavailableFromMs: number | undefined

  constructor(spec: AgentSpec, world: AgentWorld) {
    this.spec = spec
    this.total = spec.resources.map(readAmount)
    this.#world = world
    this.unavailableFromMs = spec.unavailableFromMs
  }

  /** Given by the first master that it registers with. */
  get id(): string {
    assert(this.#id !== undefined, `${this.spec.hostname} was never registered`)
    return this.#id
  }

  get isNamed(): boolean {
    return this.#id !== undefined
  }

  /** `undefined`: it begins anew, as a new agent. */
  rename(id: string | undefined): void {
    this.#id = id
  }

  /** Whether the agent's process runs. */
  get isUp(): boolean {
    return this.#isUp
  }

  /** Those that have not ended, and those whose end was not acknowledged. */
  get tasks(): readonly SimulatedTask[] {
    return [...this.#tasks.values()].map(({ task }) => task)
  }

  has(frameworkId: string, taskId: string): boolean {
    return this.#tasks.has(keyOf(frameworkId, taskId))
  }

  /** Begins a task. */
  run(launch: TaskLaunch): void {
    const { clock } = this.#world
    const key = keyOf(launch.frameworkId, launch.info.taskId)
    const behaviour = this.#world.behaviourOf(launch, this.spec)
    const task = new SimulatedTask(launch, this.spec.hostname, clock, behaviour, (state, facts) =>
      this.#changed(key, state, facts),
    )
    const updates = new UpdateStream(clock, (status) =>
      this.#world.sendUpdate(this, launch.frameworkId, status),
    )
    this.#tasks.set(key, { task, updates })
    task.begin()
  }

  kill(frameworkId: string, taskId: string, gracePeriodMs?: number): void {
    this.#tasks.get(keyOf(frameworkId, taskId))?.task.kill(gracePeriodMs)
  }

  acknowledge(frameworkId: string, taskId: string, uuid: string): void {
    const key = keyOf(frameworkId, taskId)
    const known = this.#tasks.get(key)
    if (known === undefined || !known.updates.acknowledge(uuid)) return
    if (known.task.hasEnded && known.updates.pending.length === 0) this.#tasks.delete(key)
  }

  /** A framework has subscribed again; none: there is another master. */
  resend(frameworkId?: string): void {
    for (const { task, updates } of this.#tasks.values()) {
      if ((frameworkId ?? task.launch.frameworkId) === task.launch.frameworkId) updates.resend()
    }
  }

  /** The framework is no more: its tasks end, and nobody wants to hear of them. */
  shutDownFramework(frameworkId: string): void {
    for (const [key, { task, updates }] of this.#tasks) {
      if (task.launch.frameworkId !== frameworkId) continue
      this.#tasks.delete(key)
      task.end('TASK_KILLED', { reason: 'REASON_FRAMEWORK_REMOVED' })
      updates.close()
    }
  }

  /** A task ends by itself. */
  endTask(taskId: string, state: MesosTaskState, facts: ChangeFacts): void {
    for (const { task } of this.#tasks.values()) if (task.id === taskId) task.end(state, facts)
  }

  /** Its process ends; tasks of frameworks that do not checkpoint end with it. */
  stop(): void {
    assert(this.#isUp, `the agent on ${this.spec.hostname} is down`)
    this.#isUp = false
    for (const [key, { task, updates }] of this.#tasks) {
      updates.pause()
      if (task.launch.framework.checkpoint) continue
      task.end('TASK_LOST', {})
      this.#tasks.delete(key)
    }
  }

  start(): void {
    assert(!this.#isUp, `the agent on ${this.spec.hostname} runs`)
    this.#isUp = true
    for (const { updates } of this.#tasks.values()) updates.resume()
  }

  /** The processes of all tasks are gone, as when the machine has lost its power; told when the agent is back. */
  loseTasks(): void {
    for (const { task } of this.#tasks.values()) {
      const { capabilities } = task.launch.framework
      task.end(capabilities.includes('PARTITION_AWARE') ? 'TASK_GONE' : 'TASK_LOST', {
        message: 'The machine was restarted',
        reason: 'REASON_AGENT_RESTARTED',
      })
    }
  }

  /** Nothing of it is left, and nobody is told. */
  wipe(): void {
    const known = [...this.#tasks.values()]
    this.#tasks.clear()
    for (const { task, updates } of known) {
      updates.close()
      task.end('TASK_LOST', {})
    }
  }

  #changed(key: string, state: MesosTaskState, facts: ChangeFacts): void {
    const known = this.#tasks.get(key)
    if (known === undefined) return
    const { task, updates } = known
    updates.add({
      taskId: task.id,
      state,
      ...facts,
      agentId: this.id,
      executorId: task.id,
      uuid: Buffer.from(this.#world.random.hex(16), 'hex').toString('base64'),
      timestamp: this.#world.clock.now() / 1000,
    })
  }
}

function keyOf(frameworkId: string, taskId: string): string {
  return `${frameworkId}/${taskId}`
}
