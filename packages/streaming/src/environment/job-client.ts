import type { JobStatus, SavepointRequest, SubmittedJob } from '@flink-ts/runtime/program'
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

  /**
   * Takes a savepoint; the job goes on.
   *
   * @param savepointDirectory the savepoint's folder is made in there; an absolute path or a URI, such as `s3://bucket/savepoints`.
   *   Default: `execution.checkpointing.savepoint-dir`
   * @returns the savepoint's folder
   * @throws FlinkError if it failed; the job goes on then, too
   */
  triggerSavepoint(savepointDirectory?: string): Promise<string> {
    return this.#savepoint(savepointDirectory)
  }

  /**
   * Ends the job with a savepoint: sinks commit what belongs to it, and the job is FINISHED.
   *
   * @param advanceToEndOfEventTime event time goes to its end first: windows and timers fire, and whoever goes on from the
   *   savepoint finds that done
   * @param savepointDirectory see {@link triggerSavepoint}
   * @returns the savepoint's folder, when the job has ended
   * @throws FlinkError if it failed: the job goes on
   */
  stopWithSavepoint(
    advanceToEndOfEventTime: boolean,
    savepointDirectory?: string,
  ): Promise<string> {
    return this.#savepoint(savepointDirectory, advanceToEndOfEventTime ? 'drain' : 'suspend')
  }

  /**
   * Takes a savepoint and cancels the job. {@link stopWithSavepoint} also commits what belongs to the savepoint.
   *
   * @param savepointDirectory see {@link triggerSavepoint}
   * @returns the savepoint's folder
   * @throws FlinkError if it failed: the job goes on
   */
  cancelWithSavepoint(savepointDirectory?: string): Promise<string> {
    return this.#savepoint(savepointDirectory, 'cancel')
  }

  #savepoint(directory: string | undefined, end?: SavepointRequest['end']): Promise<string> {
    return this.#job.savepoint({
      ...(directory !== undefined && { directory }),
      ...(end !== undefined && { end }),
    })
  }
}
