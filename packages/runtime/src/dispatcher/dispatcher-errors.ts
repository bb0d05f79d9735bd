import { FlinkError } from '@flink-ts/core'
import type { JobStatus } from '../messages/messages.generated.js'

/** No such job runs, or is remembered. */
export class FlinkJobNotFoundError extends FlinkError {
  readonly jobId: string

  constructor(jobId: string) {
    super(`Could not find Flink job (${jobId})`, { code: 'FLINK_JOB_NOT_FOUND' })
    this.name = 'FlinkJobNotFoundException'
    this.jobId = jobId
  }
}

/** A job of this id was submitted before. */
export class DuplicateJobSubmissionError extends FlinkError {
  readonly jobId: string

  constructor(jobId: string, globallyTerminated: boolean) {
    super(
      globallyTerminated
        ? `Job ${jobId} has been submitted before and has ended`
        : `Job ${jobId} has already been submitted`,
      { code: 'FLINK_DUPLICATE_JOB_SUBMISSION' },
    )
    this.name = 'DuplicateJobSubmissionException'
    this.jobId = jobId
  }
}

/** The client that prepared the job does not fit this cluster. */
export class IncompatibleClientError extends FlinkError {
  constructor(message: string) {
    super(message, { code: 'FLINK_INCOMPATIBLE_CLIENT' })
    this.name = 'JobSubmissionException'
  }
}

/** A job that has ended otherwise cannot be cancelled. */
export class FlinkJobTerminatedWithoutCancellationError extends FlinkError {
  readonly jobId: string
  readonly status: JobStatus

  constructor(jobId: string, status: JobStatus) {
    super(`Flink job (${jobId}) was not canceled, but instead ${status}.`, {
      code: 'FLINK_JOB_ALREADY_TERMINATED',
    })
    this.name = 'FlinkJobTerminatedWithoutCancellationException'
    this.jobId = jobId
    this.status = status
  }
}

/** The job is known, but nobody runs it now. */
export class JobNotRunningError extends FlinkError {
  readonly jobId: string

  constructor(jobId: string, status: string) {
    super(`Job ${jobId} cannot be changed: its status is ${status}`, {
      code: 'FLINK_JOB_NOT_RUNNING',
      retriable: true,
    })
    this.jobId = jobId
  }
}

/** No operation has this id, or its result has expired. */
export class UnknownOperationError extends FlinkError {
  readonly jobId: string
  readonly triggerId: string

  constructor(facts: { jobId: string; triggerId: string }) {
    const { jobId, triggerId } = facts
    const where = jobId === '' ? '' : ` for job ${jobId}`
    super(
      `There is no operation with triggerId=${triggerId}${where}: none was begun, or its result is older than rest.async.store-duration`,
      { code: 'FLINK_OPERATION_NOT_FOUND' },
    )
    this.name = 'UnknownOperationKeyException'
    this.jobId = jobId
    this.triggerId = triggerId
  }
}
