import type { OperatorSubtaskState } from './state-handle.js'

/** What a checkpoint was taken for. */
export type CheckpointKind = 'CHECKPOINT' | 'SAVEPOINT'

/** One operator in a checkpoint. */
export interface OperatorState {
  /** 32 hex digits; from the operator's uid, else from its place in the graph. */
  readonly operatorId: string
  /** What the program calls it; absent without a uid. For people: the id decides. */
  readonly operatorUid?: string
  readonly operatorName: string
  readonly parallelism: number
  readonly maxParallelism: number
  /** Of its coordinator on the JobManager, such as a source's enumerator. */
  readonly coordinatorState?: Uint8Array
  /** By subtask; those without any state may be missing. */
  readonly subtasks: ReadonlyMap<number, OperatorSubtaskState>
}

/** All that `_metadata` says: enough to restore the job. */
export interface CheckpointMetadata {
  readonly jobId: string
  readonly checkpointId: bigint
  /** When it was triggered, ms since the epoch. */
  readonly timestampMs: number
  readonly kind: CheckpointKind
  readonly operators: readonly OperatorState[]
}
