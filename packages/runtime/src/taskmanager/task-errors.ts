import { FlinkError } from '@flink-ts/core'

/** A cancelled task did not end in time: its user code does not return. */
export class TaskCancellationError extends FlinkError {
  readonly taskName: string
  /** `file:line` in the user's source where the task was found, if it could be asked. */
  readonly location: string | undefined

  constructor(message: string, facts: { taskName: string; location?: string | undefined }) {
    super(message, { code: 'FLINK_TASK_CANCELLATION_TIMEOUT' })
    this.taskName = facts.taskName
    this.location = facts.location
  }
}

/** A task's thread ended without saying how its task did. */
export class TaskThreadDiedError extends FlinkError {
  readonly taskName: string

  constructor(message: string, facts: { taskName: string; cause?: unknown }) {
    super(message, { code: 'FLINK_TASK_THREAD_DIED', retriable: true, cause: facts.cause })
    this.taskName = facts.taskName
  }
}
