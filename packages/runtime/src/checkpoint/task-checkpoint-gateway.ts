import type { Logger } from '@flink-ts/core'
import type { Execution } from '../executiongraph/execution.js'
import type {
  CheckpointOptions,
  NotifyCheckpointRequest,
  TaskExecutorGateway,
} from '../messages/messages.generated.js'
import type {
  CheckpointGateway,
  DeclineCheckpoint,
  TriggeredCheckpoint,
} from './checkpoint-gateways.js'
import type { CheckpointTask } from './checkpoint-plan.js'

export interface TaskCheckpointGatewayOptions {
  /** The attempt, if it is the current one of its subtask. */
  readonly execution: (executionAttemptId: string) => Execution | undefined
  /** Undefined: it is not registered (any more). */
  readonly gateway: (resourceId: string) => TaskExecutorGateway | undefined
  /** The newest completed checkpoint; 0: none. */
  readonly latestCompletedId: () => bigint
  /** The task has heard of the checkpoint. */
  readonly onTriggered: (executionAttemptId: string, checkpointId: bigint) => void
  readonly onDeclined: (decline: DeclineCheckpoint) => void
  readonly execute: (action: () => void) => void
  readonly log: Logger
}

/**
 * Speaks of checkpoints to tasks: one call to each TaskManager for all tasks there. A trigger that fails, or whose outcome
 * nobody knows, declines the checkpoint: giving it up is always safe.
 */
export class TaskCheckpointGateway implements CheckpointGateway {
  readonly #options: TaskCheckpointGatewayOptions

  constructor(options: TaskCheckpointGatewayOptions) {
    this.#options = options
  }

  trigger(tasks: readonly CheckpointTask[], checkpoint: TriggeredCheckpoint): void {
    const { onTriggered, onDeclined, execute } = this.#options
    const { checkpointId, timestampMs } = checkpoint
    const options = optionsOf(checkpoint)
    for (const { gateway, attempts } of this.#byTaskManager(tasks)) {
      const decline = (executionAttemptId: string, cause?: unknown) =>
        onDeclined({
          executionAttemptId,
          checkpointId,
          reason:
            cause === undefined
              ? 'CHECKPOINT_DECLINED_TASK_NOT_READY'
              : 'TRIGGER_CHECKPOINT_FAILURE',
          cause,
        })
      if (gateway === undefined) {
        // Later: the coordinator is amidst its own turn.
        execute(() => decline(attempts[0]!))
        continue
      }
      gateway
        .triggerCheckpoint({
          executionAttemptIds: attempts,
          checkpointId: Number(checkpointId),
          timestampMs,
          options,
        })
        .then(
          ({ refusedExecutionAttemptIds }) =>
            execute(() => {
              const refused = new Set(refusedExecutionAttemptIds)
              for (const attempt of attempts) {
                if (refused.has(attempt)) decline(attempt)
                else onTriggered(attempt, checkpointId)
              }
            }),
          (error) => execute(() => decline(attempts[0]!, error)),
        )
    }
  }

  notifyComplete(
    tasks: readonly CheckpointTask[],
    checkpointId: bigint,
    timestampMs: number,
  ): void {
    this.#notify(tasks, checkpointId, timestampMs, (gateway, request) =>
      gateway.notifyCheckpointComplete(request),
    )
  }

  notifyAborted(tasks: readonly CheckpointTask[], checkpointId: bigint, timestampMs: number): void {
    this.#notify(tasks, checkpointId, timestampMs, (gateway, request) =>
      gateway.notifyCheckpointAborted(request),
    )
  }

  #notify(
    tasks: readonly CheckpointTask[],
    checkpointId: bigint,
    timestampMs: number,
    send: (gateway: TaskExecutorGateway, request: NotifyCheckpointRequest) => Promise<unknown>,
  ): void {
    const { latestCompletedId, log } = this.#options
    for (const { gateway, attempts, resourceId } of this.#byTaskManager(tasks)) {
      if (gateway === undefined) continue
      const request = {
        executionAttemptIds: attempts,
        checkpointId: Number(checkpointId),
        timestampMs,
        latestCompletedId: Number(latestCompletedId()),
      }
      send(gateway, request).catch((error) => {
        // Heartbeats repeat what is complete, and ids that rise make up for what was not heard to be aborted.
        log.debug('A TaskManager did not hear of the end of a checkpoint', {
          checkpointId: `${checkpointId}`,
          resourceId,
          error,
        })
      })
    }
  }

  /** Attempts that have ended, or were never deployed, are with no TaskManager. */
  #byTaskManager(tasks: readonly CheckpointTask[]): {
    resourceId: string | undefined
    gateway: TaskExecutorGateway | undefined
    attempts: string[]
  }[] {
    const { execution, gateway } = this.#options
    const byResource = new Map<string | undefined, string[]>()
    for (const { executionAttemptId } of tasks) {
      const resourceId = execution(executionAttemptId)?.slot?.location.resourceId
      const known = byResource.get(resourceId)
      if (known === undefined) byResource.set(resourceId, [executionAttemptId])
      else known.push(executionAttemptId)
    }
    return [...byResource].map(([resourceId, attempts]) => ({
      resourceId,
      gateway: resourceId === undefined ? undefined : gateway(resourceId),
      attempts,
    }))
  }
}

function optionsOf(checkpoint: TriggeredCheckpoint): CheckpointOptions {
  const { snapshotType, alignment, alignedTimeoutMs, directory } = checkpoint
  return {
    snapshotType,
    alignment,
    alignedTimeoutMs,
    // Tasks know the folders of checkpoints by their job.
    ...(snapshotType.startsWith('SAVEPOINT') && { targetLocation: directory }),
  }
}
