import type { CheckpointMetadata } from '@flink-ts/state'
import type { CheckpointProperties } from './checkpoint-properties.js'

/** A checkpoint or savepoint that can be restored. */
export interface CompletedCheckpoint {
  readonly checkpointId: bigint
  readonly properties: CheckpointProperties
  readonly metadata: CheckpointMetadata
  /** Its folder. */
  readonly externalPath: string
  readonly metadataBytes: number
  readonly completionTimestampMs: number
}
