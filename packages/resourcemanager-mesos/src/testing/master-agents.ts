import type { Clock } from '@flink-ts/core'
import type { MesosTaskState, TaskStatus } from '@flink-ts/mesos-client'
import type { Allocator } from './allocator.js'
import {
  type AgentRecord,
  addTask,
  type FrameworkRecord,
  forgetTask,
  type TaskRecord,
  takeAmounts,
  tellMadeByMaster,
} from './master-records.js'
import type { SimulatedAgent } from './simulated-agent.js'
import { isTerminal, type SimulatedTask } from './simulated-task.js'

/** What masters know of agents from those before them. */
export interface AgentRegistry {
  readonly admitted: Set<string>
  readonly unreachable: Set<string>
  readonly gone: Set<string>
}

export interface MasterAgentsOptions {
  readonly clock: Clock
  readonly registry: AgentRegistry
  readonly frameworks: ReadonlyMap<string, FrameworkRecord>
  readonly allocator: Allocator
  /** Of a task on an agent that registers; undefined: the framework is no more. */
  readonly frameworkOf: (task: SimulatedTask) => FrameworkRecord | undefined
  readonly newAgentId: () => string
  /** From the broken connection until an agent is unreachable. */
  readonly unreachableAfterMs: number
  readonly toAgent: (agent: AgentRecord, action: () => void) => void
}

type Words = Pick<TaskStatus, 'reason' | 'message'>

/** The agents of one master: their standing, and what it means for the tasks on them. */
export class MasterAgents {
  readonly #options: MasterAgentsOptions
  readonly #records = new Map<string, AgentRecord>()
  /** Of an earlier master, and not back yet. */
  readonly expected: Set<string>

  constructor(options: MasterAgentsOptions) {
    this.#options = options
    const { admitted, unreachable, gone } = options.registry
    this.expected = new Set([...admitted].filter((id) => !unreachable.has(id) && !gone.has(id)))
  }

  get records(): ReadonlyMap<string, AgentRecord> {
    return this.#records
  }

  /** An agent is there, new or again. @returns undefined: it was marked as gone, and is refused */
  register(agent: SimulatedAgent): AgentRecord | undefined {
    const { registry, newAgentId } = this.#options
    if (!agent.isNamed) agent.rename(newAgentId())
    if (registry.gone.has(agent.id)) return undefined
    registry.admitted.add(agent.id)
    const wasUnreachable = registry.unreachable.delete(agent.id)
    this.expected.delete(agent.id)
    let record = this.#records.get(agent.id)
    if (record === undefined) {
      record = {
        agent,
        id: agent.id,
        standing: 'registered',
        free: agent.total,
        offers: new Set(),
        tasks: new Set(),
        cancelTimeout: () => {},
      }
      this.#records.set(agent.id, record)
    }
    record.cancelTimeout()
    record.standing = 'registered'
    this.#compareTasks(record, wasUnreachable)
    agent.resend()
    return record
  }

  /** The connection with an agent is broken. */
  disconnected(record: AgentRecord): void {
    if (record.standing !== 'registered') return
    record.standing = 'disconnected'
    this.#options.allocator.rescind(record.offers, true)
    for (const task of record.tasks) {
      if (task.framework.info.checkpoint) continue
      this.#endTask(task, 'TASK_LOST', {
        reason: 'REASON_AGENT_DISCONNECTED',
        message: `Agent ${record.agent.spec.hostname} disconnected`,
      })
    }
    const { clock, unreachableAfterMs } = this.#options
    record.cancelTimeout = clock.schedule(unreachableAfterMs, () => this.unreachable(record))
  }

  /** An agent is given up, though it may be back. */
  unreachable(record: AgentRecord): void {
    if (record.standing === 'unreachable') return
    record.cancelTimeout()
    this.#options.allocator.rescind(record.offers, true)
    record.standing = 'unreachable'
    this.#options.registry.unreachable.add(record.id)
    for (const task of record.tasks) {
      if (isTerminal(task.state)) continue
      task.state = 'TASK_UNREACHABLE'
      tellMadeByMaster(task.framework, {
        taskId: task.taskId,
        agentId: record.id,
        state: 'TASK_UNREACHABLE',
        reason: 'REASON_AGENT_REMOVED',
        message: 'health check timed out',
      })
    }
    this.#tellFailure(record.id)
  }

  /** An agent of an earlier master has not come back. */
  neverCameBack(agentId: string): void {
    if (!this.expected.delete(agentId)) return
    this.#options.registry.unreachable.add(agentId)
    this.#tellFailure(agentId)
  }

  /** An agent has unregistered in order. */
  unregistered(record: AgentRecord): void {
    this.#options.registry.admitted.delete(record.id)
    this.#remove(record, 'TASK_LOST', {
      reason: 'REASON_AGENT_REMOVED',
      message: `Agent ${record.agent.spec.hostname} removed: unregistered`,
    })
  }

  /** The operator says that it will never be back. */
  markGone(agentId: string): void {
    const { registry } = this.#options
    registry.gone.add(agentId)
    registry.unreachable.delete(agentId)
    this.expected.delete(agentId)
    const record = this.#records.get(agentId)
    if (record === undefined) return
    this.#remove(record, 'TASK_GONE_BY_OPERATOR', {
      reason: 'REASON_AGENT_REMOVED_BY_OPERATOR',
      message: 'Agent has been marked gone',
    })
  }

  close(): void {
    for (const record of this.#records.values()) {
      record.cancelTimeout()
      for (const offer of record.offers) offer.cancelTimeout()
    }
  }

  #remove(record: AgentRecord, state: MesosTaskState, words: Words): void {
    record.cancelTimeout()
    this.#options.allocator.rescind(record.offers, true)
    for (const task of record.tasks) {
      if (!isTerminal(task.state)) this.#endTask(task, state, words)
      forgetTask(task)
    }
    this.#records.delete(record.id)
    this.#tellFailure(record.id)
  }

  #endTask(task: TaskRecord, state: MesosTaskState, words: Words): void {
    const { taskId, agent, framework } = task
    forgetTask(task)
    tellMadeByMaster(framework, { taskId, agentId: agent.id, state, ...words })
  }

  /** What the agent has is what is true; what it does not know never reached it. */
  #compareTasks(record: AgentRecord, wasUnreachable: boolean): void {
    const { agent } = record
    for (const task of agent.tasks) {
      const framework = this.#options.frameworkOf(task)
      if (framework === undefined) {
        const { frameworkId } = task.launch
        this.#options.toAgent(record, () => agent.shutDownFramework(frameworkId))
      } else this.#adopt(record, framework, task, wasUnreachable)
    }
    const known = new Set(agent.tasks.map((task) => `${task.launch.frameworkId}/${task.id}`))
    for (const task of record.tasks) {
      if (known.has(`${task.framework.id}/${task.taskId}`)) continue
      if (wasUnreachable) forgetTask(task)
      // What is on its way to the agent is there before this.
      else this.#options.toAgent(record, () => this.#dropIfUnknown(task))
    }
    let { total } = agent
    for (const task of record.tasks) {
      if (task.holdsResources) total = takeAmounts(total, task.amounts)
    }
    for (const offer of record.offers) total = takeAmounts(total, offer.amounts)
    record.free = total
  }

  #dropIfUnknown(task: TaskRecord): void {
    const { agent, framework, taskId } = task
    if (framework.tasks.get(taskId) !== task || agent.agent.has(framework.id, taskId)) return
    this.#endTask(task, 'TASK_DROPPED', {
      reason: 'REASON_RECONCILIATION',
      message: 'Task is unknown to the agent',
    })
    if (task.holdsResources) this.#options.allocator.release(agent, task.amounts)
  }

  #adopt(
    record: AgentRecord,
    framework: FrameworkRecord,
    task: SimulatedTask,
    wasUnreachable: boolean,
  ): void {
    const known = framework.tasks.get(task.id)
    const { role, amounts } = task.launch
    addTask({
      taskId: task.id,
      framework,
      agent: record,
      role,
      amounts,
      state: task.state,
      holdsResources: !task.hasEnded,
      uuid: known?.uuid,
      isKillOwed: false,
    })
    if (wasUnreachable && !task.hasEnded) {
      tellMadeByMaster(framework, {
        taskId: task.id,
        agentId: record.id,
        state: task.state,
        reason: 'REASON_AGENT_REREGISTERED',
        message: 'Unreachable agent re-reregistered',
      })
    }
    if (known?.isKillOwed === true) {
      this.#options.toAgent(record, () => record.agent.kill(framework.id, task.id))
    }
  }

  #tellFailure(agentId: string): void {
    for (const { stream } of this.#options.frameworks.values()) {
      stream?.send({ type: 'FAILURE', agentId })
    }
  }
}
