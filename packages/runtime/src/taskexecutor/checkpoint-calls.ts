import type { BarrierAlignment, CheckpointBarrier, SnapshotType } from '@flink-ts/network'
import type {
  NotifyCheckpointRequest,
  TriggerCheckpointRequest,
  TriggerCheckpointResponse,
} from '../messages/messages.generated.js'
import type { TaskTable } from './task-table.js'

/** Hands what JobMasters tell of checkpoints to the tasks of one TaskExecutor. */
export class CheckpointCalls {
  readonly #tasks: TaskTable

  constructor(tasks: TaskTable) {
    this.#tasks = tasks
  }

  /** @returns the attempts that do not run here */
  trigger(request: TriggerCheckpointRequest): TriggerCheckpointResponse {
    const barrier = barrierOf(request)
    const refusedExecutionAttemptIds = request.executionAttemptIds.filter(
      (id) => this.#tasks.get(id)?.triggerCheckpoint(barrier) !== true,
    )
    return { refusedExecutionAttemptIds }
  }

  notifyComplete({ executionAttemptIds, checkpointId }: NotifyCheckpointRequest): void {
    for (const id of executionAttemptIds) {
      this.#tasks.get(id)?.notifyCheckpointComplete(BigInt(checkpointId))
    }
  }

  notifyAborted(request: NotifyCheckpointRequest): void {
    const { executionAttemptIds, checkpointId, latestCompletedId } = request
    for (const id of executionAttemptIds) {
      const task = this.#tasks.get(id)
      task?.notifyCheckpointComplete(BigInt(latestCompletedId))
      task?.notifyCheckpointAborted(BigInt(checkpointId))
    }
  }

  /** Tells the tasks of a job what they have not heard. @param completedId the newest completed checkpoint */
  repair(jobId: string, completedId: number | undefined): void {
    if (completedId === undefined || completedId === 0) return
    for (const task of this.#tasks.entriesOf(jobId)) {
      task.notifyCheckpointComplete(BigInt(completedId))
    }
  }
}

function barrierOf(request: TriggerCheckpointRequest): CheckpointBarrier {
  const { checkpointId, timestampMs, options } = request
  return {
    type: 'CHECKPOINT_BARRIER',
    checkpointId: BigInt(checkpointId),
    timestampMs,
    snapshotType: options.snapshotType as SnapshotType,
    alignment: options.alignment as BarrierAlignment,
    alignedTimeoutMs: options.alignedTimeoutMs,
    ...(options.targetLocation !== undefined && { targetLocation: options.targetLocation }),
  }
}
