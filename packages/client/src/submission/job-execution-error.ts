import { FlinkError, type SerializedError } from '@flink-ts/core'

/** The job of an attached client did not finish. */
export class JobExecutionError extends FlinkError {
  readonly jobId: string
  readonly status: string

  constructor(message: string, options: { jobId: string; status: string; cause?: unknown }) {
    super(message, { code: 'FLINK_JOB_EXECUTION', cause: options.cause })
    this.jobId = options.jobId
    this.status = options.status
  }
}

/** The cause of a failure as REST tells it. */
export function failureCause(text: string | undefined): SerializedError | undefined {
  if (text === undefined) return undefined
  return JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as SerializedError
}
