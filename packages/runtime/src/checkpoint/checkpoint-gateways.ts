import type { SnapshotType } from '@flink-ts/network'
import type { CheckpointFailureReason } from './checkpoint-failure-reason.js'
import type { CheckpointTask } from './checkpoint-plan.js'
import type { SubtaskState } from './pending-checkpoint.js'

/** What tasks are told of a checkpoint that begins. */
export interface TriggeredCheckpoint {
  readonly checkpointId: bigint
  readonly timestampMs: number
  readonly snapshotType: SnapshotType
  readonly alignment: 'AT_LEAST_ONCE' | 'ALIGNED' | 'UNALIGNED'
  /** 0: aligned barriers stay so. */
  readonly alignedTimeoutMs: number
  /** The folder of its files. */
  readonly directory: string
  readonly sharedDirectory: string
}

/** Speaks to tasks. Calls are sent once; whether they arrive is not known, and they may overtake each other. */
export interface CheckpointGateway {
  /** An attempt that refuses is to be declined with `CHECKPOINT_DECLINED_TASK_NOT_READY`. */
  trigger(tasks: readonly CheckpointTask[], checkpoint: TriggeredCheckpoint): void
  notifyComplete(tasks: readonly CheckpointTask[], checkpointId: bigint, timestampMs: number): void
  notifyAborted(tasks: readonly CheckpointTask[], checkpointId: bigint, timestampMs: number): void
}

/** The operator coordinators of the job, as checkpoints see them. */
export interface CoordinatorSnapshots {
  /**
   * Takes the snapshots of all, and holds the events that they send afterwards. Resolves when the tasks have what was
   * sent before. @returns by operator id
   */
  checkpoint(checkpointId: bigint): Promise<ReadonlyMap<string, Uint8Array>>
  /** Events go on. Idempotent, also without a snapshot. */
  ended(checkpointId: bigint, completed: boolean): void
}

/** How long the parts of a checkpoint took in one subtask, and what it had to do for it. */
export interface SubtaskCheckpointMetrics {
  /** From the trigger to the first barrier. */
  readonly startDelayMs: number
  readonly alignmentDurationMs: number
  readonly bytesProcessedDuringAlignment: number
  readonly bytesPersistedDuringAlignment: number
  readonly syncDurationMs: number
  readonly asyncDurationMs: number
  readonly unaligned: boolean
}

/** A subtask has written its state. May come late and more than once. */
export interface AcknowledgeCheckpoint {
  readonly executionAttemptId: string
  readonly checkpointId: bigint
  readonly state: SubtaskState
  readonly metrics: SubtaskCheckpointMetrics
}

/** A subtask does not take part. May come late and more than once. */
export interface DeclineCheckpoint {
  readonly executionAttemptId: string
  readonly checkpointId: bigint
  readonly reason: CheckpointFailureReason
  readonly cause?: unknown
}
