import { FlinkError } from '@flink-ts/core'
import {
  CHECKPOINT_FAILURE_REASONS,
  type CheckpointFailureReason,
} from './checkpoint-failure-reason.js'

/** A checkpoint or savepoint was not begun, or not completed. */
export class CheckpointError extends FlinkError {
  readonly reason: CheckpointFailureReason
  /** Undefined: it was never begun. */
  readonly checkpointId: bigint | undefined

  constructor(
    reason: CheckpointFailureReason,
    facts: { checkpointId?: bigint; cause?: unknown } = {},
  ) {
    const { checkpointId, cause } = facts
    const what =
      checkpointId === undefined
        ? 'A checkpoint was not begun'
        : `Checkpoint ${checkpointId} failed`
    super(`${what}: ${CHECKPOINT_FAILURE_REASONS[reason].text} (${reason})`, {
      code: 'FLINK_CHECKPOINT_FAILED',
      retriable: true,
      cause,
    })
    this.reason = reason
    this.checkpointId = checkpointId
  }
}

/** More checkpoints failed, one after the other, than the job tolerates. */
export class CheckpointLimitExceededError extends FlinkError {
  readonly failures: number
  readonly tolerable: number

  constructor(facts: { failures: number; tolerable: number; cause: unknown }) {
    const { failures, tolerable } = facts
    super(
      `${failures} checkpoints failed one after the other; execution.checkpointing.tolerable-failed-checkpoints allows ${tolerable}`,
      { code: 'FLINK_CHECKPOINT_LIMIT', cause: facts.cause },
    )
    this.failures = failures
    this.tolerable = tolerable
  }
}
