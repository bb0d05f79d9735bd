import type { CancelTimer } from '@flink-ts/core'
import type { FrameworkInfo, MesosTaskState, TaskStatus } from '@flink-ts/mesos-client'
import type { Amount } from './amounts.js'
import { minus, nothingOf, plus } from './amounts.js'
import type { SimulatedAgent } from './simulated-agent.js'
import type { SimulatedStream } from './simulated-stream.js'

/** `disconnected`: its connection is broken, and it may be back. `unreachable`: it was given up, and may be back. */
export type AgentStanding = 'registered' | 'disconnected' | 'unreachable'

/** What a master knows of an agent. */
export interface AgentRecord {
  readonly agent: SimulatedAgent
  readonly id: string
  standing: AgentStanding
  /** Of each of its resources: neither offered nor used. */
  free: readonly Amount[]
  readonly offers: Set<OfferRecord>
  readonly tasks: Set<TaskRecord>
  cancelTimeout: CancelTimer
}

/** An offer that is out. */
export interface OfferRecord {
  readonly id: string
  readonly framework: FrameworkRecord
  readonly agent: AgentRecord
  readonly role: string
  readonly amounts: readonly Amount[]
  cancelTimeout: CancelTimer
}

/** What a master knows of a task. */
export interface TaskRecord {
  readonly taskId: string
  readonly framework: FrameworkRecord
  readonly agent: AgentRecord
  readonly role: string
  readonly amounts: readonly Amount[]
  /** As it was forwarded last. */
  state: MesosTaskState
  /** Whether it still takes its resources. */
  holdsResources: boolean
  /** Of the update that was forwarded last. */
  uuid: string | undefined
  /** It was to be killed while its agent was away. */
  isKillOwed: boolean
}

/** What is not offered to a role of a framework for a while. */
export interface OfferFilter {
  readonly amounts: readonly Amount[]
  readonly untilMs: number
}

/** What a master knows of a framework. */
export interface FrameworkRecord {
  readonly id: string
  info: FrameworkInfo
  /** Undefined: disconnected. */
  stream: SimulatedStream | undefined
  readonly suppressed: Set<string>
  /** By agent id and role. */
  readonly filters: Map<string, OfferFilter>
  readonly offers: Map<string, OfferRecord>
  readonly tasks: Map<string, TaskRecord>
  cancelFailover: CancelTimer
}

export function addTask(task: TaskRecord): void {
  forgetTask(task.framework.tasks.get(task.taskId))
  task.framework.tasks.set(task.taskId, task)
  task.agent.tasks.add(task)
}

export function forgetTask(task: TaskRecord | undefined): void {
  task?.framework.tasks.delete(task.taskId)
  task?.agent.tasks.delete(task)
}

export function isPartitionAware({ info }: FrameworkRecord): boolean {
  return info.capabilities.includes('PARTITION_AWARE')
}

/** In the words for a framework: those of partitions are LOST for one that does not know them. */
export function stateFor(framework: FrameworkRecord, state: MesosTaskState): MesosTaskState {
  if (isPartitionAware(framework)) return state
  const isOfPartition =
    state === 'TASK_DROPPED' ||
    state === 'TASK_GONE' ||
    state === 'TASK_UNREACHABLE' ||
    state === 'TASK_GONE_BY_OPERATOR' ||
    state === 'TASK_UNKNOWN'
  return isOfPartition ? 'TASK_LOST' : state
}

/** Tells a framework, if it is there, what the master itself says of a task. */
export function tellMadeByMaster(
  framework: FrameworkRecord,
  status: Omit<TaskStatus, 'source' | 'uuid'>,
): void {
  framework.stream?.send({
    type: 'UPDATE',
    status: { ...status, state: stateFor(framework, status.state), source: 'SOURCE_MASTER' },
  })
}

export function addAmounts(a: readonly Amount[], b: readonly Amount[]): Amount[] {
  return a.map((amount, index) => plus(amount, b[index] ?? nothingOf(amount)))
}

export function takeAmounts(whole: readonly Amount[], part: readonly Amount[]): Amount[] {
  return whole.map((amount, index) => minus(amount, part[index] ?? nothingOf(amount)))
}
