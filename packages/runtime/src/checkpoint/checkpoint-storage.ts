import type { CheckpointLocation, CheckpointMetadata, StateHandle } from '@flink-ts/state'

/** Where the coordinator has checkpoints written and removed; `FileSystemCheckpointStorage` and the removal of handles. */
export interface CheckpointStorage {
  initializeCheckpoint(checkpointId: bigint): Promise<CheckpointLocation>
  initializeSavepoint(target: string): Promise<CheckpointLocation>
  /** @returns bytes of the metadata */
  complete(location: CheckpointLocation, metadata: CheckpointMetadata): Promise<number>
  /** Idempotent. */
  discard(directory: string): Promise<void>
  /** Idempotent. */
  discardHandle(handle: StateHandle): Promise<void>
}
