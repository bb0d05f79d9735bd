import type { SerializedError } from '@flink-ts/core'
import type { Execution } from '../executiongraph/execution.js'
import type { ExecutionVertex } from '../executiongraph/execution-vertex.js'

/** Whether RUNNING may be the next state. */
export function canRun({ state }: Execution): boolean {
  return state === 'DEPLOYING' || state === 'INITIALIZING'
}

/** Whether there is nothing to wait for before the next attempt. */
export function isIdle({ current }: ExecutionVertex): boolean {
  return current.isTerminal || current.state === 'CREATED'
}

/** Why an attempt failed whose TaskManager told no reason. */
export function unexplained(execution: Execution): SerializedError {
  return {
    name: 'FlinkException',
    code: 'FLINK_TASK_FAILED',
    message: `Task ${execution.taskName} ended on its TaskManager, which gave no reason and was not asked to end it`,
  }
}
