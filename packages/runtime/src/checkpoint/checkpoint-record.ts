import { sizesOf } from '@flink-ts/state'
import type { AcknowledgeCheckpoint } from './checkpoint-gateways.js'
import { restTypeOf } from './checkpoint-properties.js'
import type { PendingCheckpoint } from './pending-checkpoint.js'

/** REST's `subtasks` of a task in a checkpoint that have acknowledged. Sizes in bytes, times in ms. */
export interface SubtaskRecord {
  readonly index: number
  readonly status: 'completed'
  readonly ack_timestamp: number
  readonly end_to_end_duration: number
  readonly checkpointed_size: number
  readonly state_size: number
  readonly checkpoint: { readonly sync: number; readonly async: number }
  readonly alignment: {
    readonly buffered: 0
    readonly processed: number
    readonly persisted: number
    readonly duration: number
  }
  readonly start_delay: number
  readonly unaligned_checkpoint: boolean
  readonly aborted: boolean
}

/** What REST shows of a checkpoint or of one of its tasks. */
export interface CheckpointFigures {
  readonly id: number
  readonly status: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED'
  /** -1: none yet. */
  readonly latest_ack_timestamp: number
  readonly checkpointed_size: number
  readonly state_size: number
  readonly end_to_end_duration: number
  readonly alignment_buffered: 0
  readonly processed_data: number
  readonly persisted_data: number
  readonly num_subtasks: number
  readonly num_acknowledged_subtasks: number
}

/** An entry of REST's history of checkpoints. */
export interface CheckpointHistoryEntry extends CheckpointFigures {
  readonly className: 'in_progress' | 'completed' | 'failed'
  readonly is_savepoint: boolean
  readonly savepointFormat: 'CANONICAL' | null
  readonly trigger_timestamp: number
  readonly checkpoint_type: ReturnType<typeof restTypeOf>
  readonly tasks: Readonly<Record<string, CheckpointFigures>>
  readonly external_path?: string
  readonly discarded?: boolean
  readonly failure_timestamp?: number
  readonly failure_message?: string
}

type Outcome = Pick<
  CheckpointHistoryEntry,
  'external_path' | 'discarded' | 'failure_timestamp' | 'failure_message'
>

/** Collects the figures of one checkpoint. */
export class CheckpointRecord {
  readonly checkpointId: bigint
  readonly #pending: PendingCheckpoint
  readonly #sharedSizeBytes: (key: string) => number
  readonly #byVertex = new Map<string, SubtaskRecord[]>()
  #status: CheckpointFigures['status'] = 'IN_PROGRESS'
  #outcome: Outcome = {}
  #endTimestampMs: number | undefined

  constructor(pending: PendingCheckpoint, sharedSizeBytes: (key: string) => number) {
    this.#pending = pending
    this.checkpointId = pending.checkpointId
    this.#sharedSizeBytes = sharedSizeBytes
    for (const { vertexId } of pending.plan.tasksToAcknowledge) this.#byVertex.set(vertexId, [])
  }

  acknowledged({ executionAttemptId, state, metrics }: AcknowledgeCheckpoint, nowMs: number): void {
    const { plan, timestampMs } = this.#pending
    const task = plan.tasksToAcknowledge.find((t) => t.executionAttemptId === executionAttemptId)
    if (task === undefined) return
    let [checkpointedSize, stateSize] = [0, 0]
    for (const operator of state.values()) {
      const sizes = sizesOf(operator, this.#sharedSizeBytes)
      checkpointedSize += sizes.checkpointedSize
      stateSize += sizes.stateSize
    }
    this.#byVertex.get(task.vertexId)!.push({
      index: task.subtaskIndex,
      status: 'completed',
      ack_timestamp: nowMs,
      end_to_end_duration: Math.max(0, nowMs - timestampMs),
      checkpointed_size: checkpointedSize,
      state_size: stateSize,
      checkpoint: { sync: metrics.syncDurationMs, async: metrics.asyncDurationMs },
      alignment: {
        buffered: 0,
        processed: metrics.bytesProcessedDuringAlignment,
        persisted: metrics.bytesPersistedDuringAlignment,
        duration: metrics.alignmentDurationMs,
      },
      start_delay: metrics.startDelayMs,
      unaligned_checkpoint: metrics.unaligned,
      aborted: false,
    })
  }

  completed(externalPath: string, nowMs: number): void {
    this.#status = 'COMPLETED'
    this.#endTimestampMs = nowMs
    this.#outcome = { external_path: externalPath, discarded: false }
  }

  failed(message: string, nowMs: number): void {
    this.#status = 'FAILED'
    this.#endTimestampMs = nowMs
    this.#outcome = { failure_timestamp: nowMs, failure_message: message }
  }

  discarded(): void {
    if (this.#status === 'COMPLETED') this.#outcome = { ...this.#outcome, discarded: true }
  }

  /** It stays completed, for that it was; who looks for it finds why it is not used. */
  damaged(message: string, nowMs: number): void {
    this.#outcome = {
      ...this.#outcome,
      failure_timestamp: nowMs,
      failure_message: `It cannot be restored: ${message}`,
    }
  }

  get isEnded(): boolean {
    return this.#status !== 'IN_PROGRESS'
  }

  /** Of one vertex, in the order in which they acknowledged. Undefined: it takes no part. */
  subtasksOf(vertexId: string): readonly SubtaskRecord[] | undefined {
    return this.#byVertex.get(vertexId)
  }

  /** Subtasks of one vertex that take part. */
  subtaskIndexesOf(vertexId: string): number[] {
    return this.#pending.plan.tasksToAcknowledge.flatMap((task) =>
      task.vertexId === vertexId ? task.subtaskIndex : [],
    )
  }

  /** As REST shows it now. */
  toEntry(nowMs: number): CheckpointHistoryEntry {
    const { plan, request, timestampMs, isSavepoint } = this.#pending
    const subtasks = [...this.#byVertex.values()].flat()
    const tasks = Object.fromEntries(
      [...this.#byVertex].map(([vertexId, records]) => {
        const all = plan.tasksToAcknowledge.filter((task) => task.vertexId === vertexId).length
        const status =
          records.length === all && this.#status !== 'FAILED' ? 'COMPLETED' : this.#status
        return [vertexId, this.#figures(records, all, status)]
      }),
    )
    const classNames = {
      IN_PROGRESS: 'in_progress',
      COMPLETED: 'completed',
      FAILED: 'failed',
    } as const
    const end = this.#endTimestampMs ?? nowMs
    return {
      className: classNames[this.#status],
      ...this.#figures(subtasks, plan.tasksToAcknowledge.length, this.#status),
      end_to_end_duration: Math.max(0, end - timestampMs),
      is_savepoint: isSavepoint,
      savepointFormat: isSavepoint ? 'CANONICAL' : null,
      trigger_timestamp: timestampMs,
      checkpoint_type: restTypeOf(
        request.properties,
        subtasks.some((s) => s.unaligned_checkpoint),
      ),
      tasks,
      ...this.#outcome,
    }
  }

  #figures(
    records: readonly SubtaskRecord[],
    numSubtasks: number,
    status: CheckpointFigures['status'],
  ): CheckpointFigures {
    const sum = (value: (record: SubtaskRecord) => number) =>
      records.reduce((total, record) => total + value(record), 0)
    const max = (value: (record: SubtaskRecord) => number) =>
      records.reduce((most, record) => Math.max(most, value(record)), 0)
    return {
      id: Number(this.checkpointId),
      status,
      latest_ack_timestamp: records.length === 0 ? -1 : max((r) => r.ack_timestamp),
      checkpointed_size: sum((r) => r.checkpointed_size),
      state_size: sum((r) => r.state_size),
      end_to_end_duration: max((r) => r.end_to_end_duration),
      alignment_buffered: 0,
      processed_data: sum((r) => r.alignment.processed),
      persisted_data: sum((r) => r.alignment.persisted),
      num_subtasks: numSubtasks,
      num_acknowledged_subtasks: records.length,
    }
  }
}
