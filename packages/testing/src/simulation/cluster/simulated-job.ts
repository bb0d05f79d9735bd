import type { ExecutionGraphInfo, JobStatus } from '@flink-ts/runtime'
import { type ClusterClient, DEFAULT_TIMEOUT_MS } from './cluster-client.js'

export interface SimulatedJobFacts {
  readonly jobId: string
  readonly name: string
  readonly client: ClusterClient
  /** Undefined until the job has ended. */
  readonly endOf: (jobId: string) => ExecutionGraphInfo | undefined
}

/** Of the vertices of a job that runs with as many slots as there are. */
export interface ParallelismBounds {
  readonly lowerBound: number
  readonly upperBound: number
}

/** A job of a simulated cluster, as its client sees it. */
export class SimulatedJob {
  readonly jobId: string
  readonly name: string
  readonly #facts: SimulatedJobFacts

  /** @internal */
  constructor(facts: SimulatedJobFacts) {
    this.#facts = facts
    this.jobId = facts.jobId
    this.name = facts.name
  }

  /** Asks the Dispatcher; virtual time goes on meanwhile. */
  async status(): Promise<JobStatus> {
    const { jobId } = this
    const response = await this.#facts.client.call(`the status of job ${jobId}`, (dispatcher) =>
      dispatcher.requestJobStatus({ jobId }),
    )
    return response.status
  }

  /** The job's picture, with the metrics of its tasks. */
  async info(): Promise<ExecutionGraphInfo> {
    const { jobId } = this
    const response = await this.#facts.client.call(`the picture of job ${jobId}`, (dispatcher) =>
      dispatcher.requestJob({ jobId }),
    )
    return JSON.parse(Buffer.from(response.executionGraph).toString()) as ExecutionGraphInfo
  }

  /** Begins to cancel the job. @throws SimulationTimeoutError if nobody has answered in time */
  async cancel(timeoutMs = DEFAULT_TIMEOUT_MS): Promise<void> {
    const { jobId } = this
    await this.#facts.client.call(
      `the cancellation of job ${jobId}`,
      (dispatcher) => dispatcher.cancelJob({ jobId }),
      timeoutMs,
    )
  }

  /** Has the sources end their input, after event time has come to its end. */
  async drain(): Promise<void> {
    const { jobId } = this
    await this.#facts.client.callJobMaster(jobId, `the end of input of job ${jobId}`, (gateway) =>
      gateway.stopJob({ jobId, drain: true }),
    )
  }

  /** Takes a savepoint, and returns its folder. @throws SimulationTimeoutError, and what the JobMaster answers */
  async savepoint(targetDirectory: string, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<string> {
    const { jobId } = this
    const request = { jobId, targetDirectory, cancelJob: false, formatType: '', triggerId: '' }
    const { location } = await this.#facts.client.callJobMaster(
      jobId,
      `a savepoint of job ${jobId}`,
      (gateway) => gateway.triggerSavepoint(request),
      timeoutMs,
    )
    return location
  }

  /** Sets the same bounds of parallelism for all vertices; only with the adaptive scheduler. */
  async setParallelism(bounds: ParallelismBounds): Promise<void> {
    const { jobId } = this
    await this.#facts.client.call(`new bounds of job ${jobId}`, async (dispatcher) => {
      const { vertices } = await dispatcher.requestJobResourceRequirements({ jobId })
      const requirements = { vertices: vertices.map((vertex) => ({ ...vertex, ...bounds })) }
      return dispatcher.updateJobResourceRequirements({ jobId, requirements })
    })
  }

  /** Whether a JobManager has told its end. */
  get hasEnded(): boolean {
    return this.#facts.endOf(this.jobId) !== undefined
  }

  /**
   * Lets virtual time go on until a JobManager tells that the job has ended.
   *
   * @throws SimulationTimeoutError
   */
  async end(timeoutMs = DEFAULT_TIMEOUT_MS): Promise<ExecutionGraphInfo> {
    const { jobId } = this
    await this.#facts.client.until(`the end of job ${jobId}`, () => this.hasEnded, timeoutMs)
    return this.#facts.endOf(jobId)!
  }
}
