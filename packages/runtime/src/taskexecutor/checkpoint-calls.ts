import type { BarrierAlignment, CheckpointBarrier, SnapshotType } from '@flink-ts/network'
import type {
  NotifyCheckpointRequest,
  TriggerCheckpointRequest,
  TriggerCheckpointResponse,
} from '../messages/messages.generated.js'
import type { LocalStateStores } from './local-state-stores.js'
import type { TaskTable } from './task-table.js'

/** Hands what JobMasters tell of checkpoints to the tasks of one TaskExecutor. */
export class CheckpointCalls {
  readonly #tasks: TaskTable
  readonly #localState: Pick<LocalStateStores, 'completed'> | undefined

  /** @param localState told of complete checkpoints */
  constructor(tasks: TaskTable, localState?: Pick<LocalStateStores, 'completed'>) {
    this.#tasks = tasks
    this.#localState = localState
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
    const jobs = new Set<string>()
    for (const id of executionAttemptIds) {
      const task = this.#tasks.get(id)
      task?.notifyCheckpointComplete(BigInt(checkpointId))
      if (task !== undefined) jobs.add(task.jobId)
    }
    for (const jobId of jobs) this.#completed(jobId, BigInt(checkpointId))
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
    this.#completed(jobId, BigInt(completedId))
  }

  #completed(jobId: string, checkpointId: bigint): void {
    const isHere = (attempt: string) => this.#tasks.get(attempt) !== undefined
    this.#localState?.completed(jobId, checkpointId, isHere)
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
