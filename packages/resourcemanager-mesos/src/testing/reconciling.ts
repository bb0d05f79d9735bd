import type { MesosTaskState, TaskReference } from '@flink-ts/mesos-client'
import { type AgentRecord, type FrameworkRecord, tellMadeByMaster } from './master-records.js'

/** What a master knows when it is asked for tasks. */
export interface ReconciliationFacts {
  readonly agents: ReadonlyMap<string, AgentRecord>
  readonly unreachable: ReadonlySet<string>
  readonly gone: ReadonlySet<string>
  /** Agents of which the registry says that they will be back. */
  readonly expected: ReadonlySet<string>
}

/** All that the master knows: in no particular order, and without an end. */
export function reconcileImplicitly(framework: FrameworkRecord): void {
  for (const { taskId } of framework.tasks.values()) tellKnown(framework, taskId)
}

/** One task: known, or what can be said of its agent; nothing while agents are still expected back. */
export function reconcileExplicitly(
  framework: FrameworkRecord,
  { taskId, agentId }: TaskReference,
  { agents, unreachable, gone, expected }: ReconciliationFacts,
): void {
  if (framework.tasks.has(taskId)) {
    tellKnown(framework, taskId)
    return
  }
  const tell = (state: MesosTaskState, text: string) =>
    tellMadeByMaster(framework, {
      taskId,
      state,
      reason: 'REASON_RECONCILIATION',
      message: `Reconciliation: Task is ${text}`,
      ...(agentId === undefined ? {} : { agentId }),
    })
  if (agentId === undefined) {
    if (expected.size === 0) tell('TASK_UNKNOWN', 'unknown')
  } else if (expected.has(agentId)) return
  else if (unreachable.has(agentId)) tell('TASK_UNREACHABLE', 'unreachable')
  else if (agents.has(agentId)) tell('TASK_GONE', 'unknown to the agent')
  else if (gone.has(agentId)) tell('TASK_GONE_BY_OPERATOR', 'gone')
  else tell('TASK_UNKNOWN', 'unknown')
}

function tellKnown(framework: FrameworkRecord, taskId: string): void {
  const task = framework.tasks.get(taskId)
  if (task === undefined) return
  tellMadeByMaster(framework, {
    taskId,
    agentId: task.agent.id,
    state: task.state,
    reason: 'REASON_RECONCILIATION',
    message: 'Reconciliation: Latest task state',
  })
}
