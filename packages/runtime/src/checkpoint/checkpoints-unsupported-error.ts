import { FlinkError } from '@flink-ts/core'

/** A job has no checkpoints: it is a batch job, or has not been initialized. */
export class CheckpointsUnsupportedError extends FlinkError {
  readonly jobId: string

  constructor(jobId: string, what: string) {
    super(`Cannot ${what} of job ${jobId}: it is a batch job, or it is being initialized`, {
      code: 'FLINK_CHECKPOINTS_UNSUPPORTED',
    })
    this.jobId = jobId
  }
}
