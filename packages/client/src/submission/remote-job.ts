import { type AccumulatorSnapshot, type Clock, deserializeError, FlinkError } from '@flink-ts/core'
import type { JobResultBody } from '@flink-ts/rest'
import {
  accumulatorSnapshots,
  RestClientError,
  type RestClusterClient,
} from '@flink-ts/rest/client'
import type {
  JobExecutionResult,
  JobStatus,
  SavepointRequest,
  SubmittedJob,
} from '@flink-ts/runtime/program'
import { failureCause, JobExecutionError } from './job-execution-error.js'

const FIRST_POLL_MS = 5
const LAST_POLL_MS = 500

/** A job on a cluster, followed by REST. */
export class RemoteJob implements SubmittedJob {
  readonly jobId: string
  readonly #client: RestClusterClient
  readonly #clock: Clock
  readonly #onStatus: ((status: string) => void) | undefined
  #result: Promise<JobExecutionResult> | undefined

  /** @param onStatus told each status that was seen, once; only while `result()` is waited for */
  constructor(options: {
    jobId: string
    client: RestClusterClient
    clock: Clock
    onStatus?: (status: string) => void
  }) {
    this.jobId = options.jobId
    this.#client = options.client
    this.#clock = options.clock
    this.#onStatus = options.onStatus
  }

  /**
   * @throws JobExecutionError
   * @throws FlinkError FLINK_REST_CONNECTION when the cluster is not there any more: how the job ends is not known
   */
  result(): Promise<JobExecutionResult> {
    this.#result ??= this.#await().catch((error) => {
      throw this.#lost(error)
    })
    return this.#result
  }

  async status(): Promise<JobStatus> {
    return (await this.#client.jobStatus(this.jobId)) as JobStatus
  }

  cancel(): Promise<void> {
    return this.#client.cancelJob(this.jobId)
  }

  accumulators(): Promise<readonly AccumulatorSnapshot[]> {
    return this.#client.jobAccumulators(this.jobId)
  }

  /** @throws TriggeredOperationError (FLINK_OPERATION_FAILED), RestClientError, RestConnectionError */
  async savepoint({ directory, end }: SavepointRequest): Promise<string> {
    const client = this.#client
    const { jobId } = this
    const triggerId =
      end === 'suspend' || end === 'drain'
        ? await client.stopWithSavepoint(jobId, {
            drain: end === 'drain',
            ...(directory !== undefined && { targetDirectory: directory }),
          })
        : await client.triggerSavepoint(jobId, {
            'cancel-job': end === 'cancel',
            ...(directory !== undefined && { 'target-directory': directory }),
          })
    return client.savepoint(jobId, triggerId)
  }

  /** Asks often at first, for short jobs, then less and less. */
  async #await(): Promise<JobExecutionResult> {
    let last: string | undefined
    for (let pauseMs = FIRST_POLL_MS; ; pauseMs = Math.min(pauseMs * 1.5, LAST_POLL_MS)) {
      const status = await this.status().catch((error) => {
        throw last !== undefined && isUnknownJob(error) ? this.#forgotten(error) : error
      })
      if (status !== last) {
        last = status
        this.#onStatus?.(status)
      }
      if (status === 'FINISHED' || status === 'FAILED' || status === 'CANCELED') {
        const result = await this.#client.executionResult(this.jobId)
        if (result !== undefined) return this.#outcome(result)
      }
      await new Promise<void>((resolve) => this.#clock.schedule(pauseMs, resolve))
    }
  }

  #forgotten(cause: unknown): unknown {
    if (!this.#client.bearsLeaderChanges) return cause
    return new FlinkError(
      `The JobManager that leads now does not know job ${this.jobId}: the job has ended and was cleaned up before its result was fetched; job-result-store.delete-on-commit: false keeps results`,
      { code: 'FLINK_JOB_NOT_FOUND', cause },
    )
  }

  #lost(error: unknown): unknown {
    if (!FlinkError.is(error) || error.code !== 'FLINK_REST_CONNECTION') return error
    return new FlinkError(`${error.message}; whether job ${this.jobId} goes on is not known`, {
      code: error.code,
      retriable: true,
      cause: error.cause,
    })
  }

  #outcome(result: JobResultBody): JobExecutionResult {
    const status = result['application-status']
    if (status === 'SUCCEEDED') {
      return {
        jobId: this.jobId,
        jobName: result.name,
        netRuntimeMs: result['net-runtime'],
        accumulators: accumulatorSnapshots(result['accumulator-results']),
      }
    }
    const cause = failureCause(result['failure-cause']?.['serialized-throwable'])
    throw new JobExecutionError(
      status === 'CANCELED'
        ? `Job was cancelled (JobID: ${this.jobId})`
        : `Job failed (JobID: ${this.jobId})`,
      {
        jobId: this.jobId,
        status,
        ...(cause === undefined ? {} : { cause: deserializeError(cause) }),
      },
    )
  }
}

function isUnknownJob(error: unknown): boolean {
  return error instanceof RestClientError && error.statusCode === 404
}
