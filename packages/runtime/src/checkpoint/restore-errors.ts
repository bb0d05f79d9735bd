import { FlinkError } from '@flink-ts/core'

/** A savepoint or checkpoint does not fit the job that is to begin with it. */
export class RestoreRefusedError extends FlinkError {
  readonly path: string

  constructor(path: string, problem: string, cause?: unknown) {
    super(`Cannot restore the job from ${path}: ${problem}`, {
      code: 'FLINK_RESTORE_REFUSED',
      cause,
    })
    this.path = path
  }
}

/** The job has had completed checkpoints, and none of those that are kept can be read. It must not begin with nothing. */
export class CheckpointsDamagedError extends FlinkError {
  readonly paths: readonly string[]

  constructor(paths: readonly string[], cause?: unknown) {
    super(
      `None of the checkpoints that are kept can be restored: ${paths.join(', ')}. The job must not begin with nothing by itself; submit it again with a savepoint or an older checkpoint, and keep more of them (execution.checkpointing.num-retained)`,
      { code: 'FLINK_CHECKPOINTS_DAMAGED', cause },
    )
    this.paths = paths
  }
}
