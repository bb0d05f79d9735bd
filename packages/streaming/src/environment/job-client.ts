import { FlinkError } from '@flink-ts/core'
import type { JobStatus, SubmittedJob } from '@flink-ts/runtime/program'
import { accumulatorResults, JobExecutionResult } from './job-execution-result.js'

/** A job that was submitted and may still run. */
export class JobClient {
  readonly #job: SubmittedJob

  constructor(job: SubmittedJob) {
    this.#job = job
  }

  /** 32 hex digits. */
  getJobID(): string {
    return this.#job.jobId
  }

  getJobStatus(): Promise<JobStatus> {
    return this.#job.status()
  }

  /** Waits for the end of the job. @throws JobExecutionError when the job failed or was cancelled */
  async getJobExecutionResult(): Promise<JobExecutionResult> {
    return new JobExecutionResult(await this.#job.result())
  }

  /** What the accumulators hold now, by name. @throws AccumulatorError if one of them cannot be had */
  async getAccumulators(): Promise<Record<string, unknown>> {
    return accumulatorResults(await this.#job.accumulators())
  }

  /** Begins to cancel the job. */
  cancel(): Promise<void> {
    return this.#job.cancel()
  }

  /** @throws FlinkError FLINK_NOT_SUPPORTED: there are no savepoints yet */
  async stopWithSavepoint(
    _advanceToEndOfEventTime: boolean,
    _savepointDirectory?: string,
  ): Promise<string> {
    throw this.#noSavepoints('stop with a savepoint')
  }

  /** @throws FlinkError FLINK_NOT_SUPPORTED: there are no savepoints yet */
  async triggerSavepoint(_savepointDirectory?: string): Promise<string> {
    throw this.#noSavepoints('trigger a savepoint of')
  }

  #noSavepoints(what: string): FlinkError {
    return new FlinkError(
      `Cannot ${what} job ${this.getJobID()}: there are no savepoints in this release; cancel() ends the job`,
      { code: 'FLINK_NOT_SUPPORTED' },
    )
  }
}
