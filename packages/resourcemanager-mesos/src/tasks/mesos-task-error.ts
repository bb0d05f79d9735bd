import { FlinkError } from '@flink-ts/core'

/** A task that was asked for is not wanted any more, or nobody leads who may want it. */
export function requestWithdrawn(): FlinkError {
  return new FlinkError('The request for a task was taken back', {
    code: 'FLINK_MESOS_REQUEST_WITHDRAWN',
  })
}

/** A place was found, but no TaskManager came of it. */
export function taskLaunchFailed(facts: {
  taskId: string
  host: string | undefined
  why: string
  cause?: unknown
}): FlinkError {
  const where = facts.host === undefined ? '' : ` on ${facts.host}`
  return new FlinkError(`Task ${facts.taskId} could not be started${where}: ${facts.why}`, {
    code: 'FLINK_MESOS_TASK',
    retriable: true,
    cause: facts.cause,
  })
}

/** More TaskManagers have failed than the cluster may lose. */
export function tooManyFailedTasks(failed: number, last: string): FlinkError {
  return new FlinkError(
    `${failed} TaskManagers have failed, more than mesos.maximum-failed-tasks allows; the last one: ${last}`,
    { code: 'FLINK_MESOS_TOO_MANY_FAILED_TASKS' },
  )
}
