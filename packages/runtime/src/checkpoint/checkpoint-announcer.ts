import type { LogFields } from '@flink-ts/core'
import type { CheckpointCoordinatorOptions } from './checkpoint-coordinator-options.js'
import { CheckpointError } from './checkpoint-errors.js'
import { CheckpointFailureManager } from './checkpoint-failure-manager.js'
import type { CheckpointFailureReason } from './checkpoint-failure-reason.js'
import { isSynchronous } from './checkpoint-properties.js'
import type { CompletedCheckpoint } from './completed-checkpoint.js'
import type { PendingCheckpoint } from './pending-checkpoint.js'
import { stateSizeOf } from './state-size-of.js'

/** Tells everybody how checkpoints ended: tasks, operator coordinators, statistics, the log, and who asked for them. */
export class CheckpointAnnouncer {
  readonly #options: CheckpointCoordinatorOptions
  readonly #failures: CheckpointFailureManager
  #latestCompletedId = 0n

  constructor(options: CheckpointCoordinatorOptions) {
    this.#options = options
    this.#failures = new CheckpointFailureManager(
      options.settings.tolerableFailedCheckpoints,
      options.failJob,
    )
  }

  /** The newest checkpoint that tasks may commit; 0: none. */
  get latestCompletedId(): bigint {
    return this.#latestCompletedId
  }

  failed(
    pending: PendingCheckpoint,
    reason: CheckpointFailureReason,
    { cause, wasTriggered }: { cause: unknown; wasTriggered: boolean },
  ): void {
    const { gateway, coordinators, statistics } = this.#options
    const { checkpointId, timestampMs, plan, request } = pending
    const error = new CheckpointError(reason, { checkpointId, cause })
    this.#log('Checkpoint was not completed', pending, {
      reason,
      ...(cause !== undefined && { error: cause }),
    })
    coordinators.ended(checkpointId, false)
    if (wasTriggered) gateway.notifyAborted(plan.tasksToAcknowledge, checkpointId, timestampMs)
    statistics.failed(pending, error)
    request.failed(error)
    if (!pending.isSavepoint) this.#failures.checkpointFailed(checkpointId, reason, error)
  }

  completed(pending: PendingCheckpoint, checkpoint: CompletedCheckpoint): void {
    const { gateway, coordinators, statistics } = this.#options
    const { checkpointId, timestampMs, plan, request } = pending
    this.#log('Checkpoint was completed', pending, {
      stateBytes: stateSizeOf(checkpoint.metadata),
      externalPath: checkpoint.externalPath,
    })
    statistics.completed(pending, checkpoint)
    if (!pending.isSavepoint) this.#failures.checkpointCompleted()
    // Savepoints commit nothing: a restart does not begin with them. A job that ends with one is told.
    const isCommitted = !pending.isSavepoint || isSynchronous(request.properties)
    coordinators.ended(checkpointId, isCommitted)
    // What two of them committed in the wrong order is committed once.
    if (isCommitted && checkpointId > this.#latestCompletedId) {
      this.#latestCompletedId = checkpointId
      gateway.notifyComplete(plan.tasksToAcknowledge, checkpointId, timestampMs)
    }
    request.completed(checkpoint)
  }

  #log(
    message: string,
    { checkpointId, timestampMs, request }: PendingCheckpoint,
    facts: LogFields,
  ): void {
    const { log, jobId, clock } = this.#options
    log.info(message, {
      jobId,
      checkpointId: `${checkpointId}`,
      snapshotType: request.properties.snapshotType,
      durationMs: Math.max(0, clock.now() - timestampMs),
      ...facts,
    })
  }
}
