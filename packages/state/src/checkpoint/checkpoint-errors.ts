import { FlinkError } from '@flink-ts/core'

/** The folder of a checkpoint belongs to another writer. */
export class CheckpointLocationTakenError extends FlinkError {
  readonly path: string

  constructor(path: string, cause?: unknown) {
    super(
      `Cannot write a checkpoint into ${path}: another JobManager or an earlier run of the job has begun one there; give the job another folder, or remove what is left`,
      { code: 'FLINK_CHECKPOINT_LOCATION_TAKEN', cause },
    )
    this.path = path
  }
}

/** There is no complete checkpoint or savepoint at a path. */
export class CheckpointNotFoundError extends FlinkError {
  readonly path: string

  constructor(path: string, cause?: unknown) {
    super(
      `There is no complete checkpoint or savepoint at ${path}: expected a folder with a file _metadata, or the path of that file`,
      { code: 'FLINK_CHECKPOINT_NOT_FOUND', cause },
    )
    this.path = path
  }
}

/** A checkpoint refers to a shared file that no earlier one has brought. */
export class SharedStateMissingError extends FlinkError {
  readonly key: string

  constructor(key: string, checkpointId: bigint) {
    super(
      `Cannot complete checkpoint ${checkpointId}: it refers to the shared state ${key}, which no checkpoint that is kept has brought`,
      { code: 'FLINK_SHARED_STATE_MISSING' },
    )
    this.key = key
  }
}
