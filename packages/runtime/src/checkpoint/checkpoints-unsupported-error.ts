import { FlinkError } from '@flink-ts/core'

/** A call about checkpoints or savepoints that this component does not answer yet. */
export class CheckpointsUnsupportedError extends FlinkError {
  readonly jobId: string

  constructor(jobId: string, what: string) {
    super(`Cannot ${what} of job ${jobId}: this release does not support it`, {
      code: 'FLINK_CHECKPOINTS_UNSUPPORTED',
    })
    this.jobId = jobId
  }
}
