import { type AccumulatorSnapshot, type Clock, deserializeError, type Random } from '@flink-ts/core'
import {
  accumulatorsOf,
  type DispatcherGateway,
  type ExecutionGraphInfo,
  FlinkJobTerminatedWithoutCancellationError,
  type JobExecutionResult,
  type JobResult,
  type JobStatus,
  jobResultOf,
  type SavepointRequest,
  type SubmittedJob,
  takeSavepoint,
} from '@flink-ts/runtime'
import { JobExecutionError } from '../submission/job-execution-error.js'

/** A job on a {@link MiniCluster}. */
export class MiniClusterJob implements SubmittedJob {
  readonly jobId: string
  readonly #dispatcher: DispatcherGateway
  readonly #world: { readonly clock: Clock; readonly random: Random }
  readonly #result: Promise<JobExecutionResult>
  #settle!: { resolve: (result: JobExecutionResult) => void; reject: (error: Error) => void }
  #ended: JobResult | undefined

  constructor(
    jobId: string,
    dispatcher: DispatcherGateway,
    world: { readonly clock: Clock; readonly random: Random },
  ) {
    this.jobId = jobId
    this.#dispatcher = dispatcher
    this.#world = world
    this.#result = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    // Whoever asks for the result is told; nobody has to ask.
    this.#result.catch(() => {})
  }

  result(): Promise<JobExecutionResult> {
    return this.#result
  }

  /** As it was at its end once the job has ended: the cluster may be gone then. */
  async status(): Promise<JobStatus> {
    if (this.#ended !== undefined) return this.#ended.status
    return (await this.#dispatcher.requestJobStatus({ jobId: this.jobId })).status
  }

  /** @throws FlinkError FLINK_JOB_ALREADY_TERMINATED if the job has ended otherwise */
  async cancel(): Promise<void> {
    const ended = this.#ended
    if (ended?.status === 'CANCELED') return
    if (ended !== undefined) {
      throw new FlinkJobTerminatedWithoutCancellationError(this.jobId, ended.status)
    }
    await this.#dispatcher.cancelJob({ jobId: this.jobId })
  }

  /** Those of its end once the job has ended. */
  async accumulators(): Promise<readonly AccumulatorSnapshot[]> {
    if (this.#ended !== undefined) return this.#ended.accumulators
    const { executionGraph } = await this.#dispatcher.requestJob({ jobId: this.jobId })
    const info = JSON.parse(Buffer.from(executionGraph).toString()) as ExecutionGraphInfo
    return accumulatorsOf(info.vertices)
  }

  /** @throws FlinkError FLINK_JOB_NOT_FOUND if the job has ended, FLINK_CHECKPOINT_FAILED, … */
  savepoint(request: SavepointRequest): Promise<string> {
    return takeSavepoint(this.jobId, request, { ...this.#world, dispatcher: this.#dispatcher })
  }

  /** The job has ended. @internal */
  ended(info: ExecutionGraphInfo): void {
    const result = jobResultOf(info)
    const { jobId, name, status, accumulators, failureCause } = result
    this.#ended = result
    if (status === 'FINISHED') {
      const netRuntimeMs = result.endTimeMs - result.startTimeMs
      this.#settle.resolve({ jobId, jobName: name, netRuntimeMs, accumulators })
      return
    }
    const how = status === 'CANCELED' ? 'was cancelled' : 'failed'
    const error = new JobExecutionError(`Job '${name}' ${how} (JobID: ${jobId})`, {
      jobId,
      status,
      ...(failureCause === undefined ? {} : { cause: deserializeError(failureCause) }),
    })
    // Where the cluster noticed it helps nobody; the places that do are in the causes.
    error.stack = `${error.name}: ${error.message}`
    this.#settle.reject(error)
  }

  /** The cluster ends before the job. @internal */
  abandoned(cause: unknown): void {
    if (this.#ended !== undefined) return
    this.#settle.reject(
      new JobExecutionError(`The cluster ended before its job did (JobID: ${this.jobId})`, {
        jobId: this.jobId,
        status: 'SUSPENDED',
        ...(cause === undefined ? {} : { cause }),
      }),
    )
  }
}
