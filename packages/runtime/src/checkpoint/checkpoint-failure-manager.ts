import { CheckpointLimitExceededError } from './checkpoint-errors.js'
import {
  CHECKPOINT_FAILURE_REASONS,
  type CheckpointFailureReason,
} from './checkpoint-failure-reason.js'

/** Counts failures one after the other; the job fails when there are more than it tolerates. */
export class CheckpointFailureManager {
  readonly #tolerable: number
  readonly #failJob: (error: CheckpointLimitExceededError) => void
  /** Each checkpoint counts once. */
  readonly #failed = new Set<bigint>()

  constructor(tolerable: number, failJob: (error: CheckpointLimitExceededError) => void) {
    this.#tolerable = tolerable
    this.#failJob = failJob
  }

  checkpointCompleted(): void {
    this.#failed.clear()
  }

  /** Of checkpoints only: savepoints never count. */
  checkpointFailed(checkpointId: bigint, reason: CheckpointFailureReason, cause: unknown): void {
    if (!CHECKPOINT_FAILURE_REASONS[reason].counts || this.#failed.has(checkpointId)) return
    this.#failed.add(checkpointId)
    const failures = this.#failed.size
    if (failures <= this.#tolerable) return
    // The job restarts and gets its failures anew.
    this.#failed.clear()
    this.#failJob(new CheckpointLimitExceededError({ failures, tolerable: this.#tolerable, cause }))
  }
}
