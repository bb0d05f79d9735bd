import { FlinkError } from '@flink-ts/core'

/** The job that somebody waited for did not finish. */
export class JobExecutionError extends FlinkError {
  readonly jobId: string
  /** How it ended, such as `FAILED`. */
  readonly status: string

  constructor(message: string, options: { jobId: string; status: string; cause?: unknown }) {
    super(message, { code: 'FLINK_JOB_EXECUTION', cause: options.cause })
    this.jobId = options.jobId
    this.status = options.status
  }
}
