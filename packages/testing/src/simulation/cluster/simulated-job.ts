import type { DispatcherGateway, ExecutionGraphInfo, JobStatus } from '@flink-ts/runtime'

/** What a job needs of its cluster. */
export interface JobClient {
  call<T>(what: string, action: (dispatcher: DispatcherGateway) => Promise<T>): Promise<T>
  advanceUntil(what: string, condition: () => boolean, timeoutMs?: number): Promise<void>
  /** Undefined until the job has ended. */
  endOf(jobId: string): ExecutionGraphInfo | undefined
}

/** A job of a simulated cluster, as its client sees it. */
export class SimulatedJob {
  readonly jobId: string
  readonly name: string
  readonly #client: JobClient

  constructor(client: JobClient, facts: { jobId: string; name: string }) {
    this.#client = client
    this.jobId = facts.jobId
    this.name = facts.name
  }

  /** Asks the Dispatcher; virtual time goes on meanwhile. */
  async status(): Promise<JobStatus> {
    const { jobId } = this
    const response = await this.#client.call(`the status of job ${jobId}`, (dispatcher) =>
      dispatcher.requestJobStatus({ jobId }),
    )
    return response.status
  }

  /** The job's picture, with the metrics of its tasks. */
  async info(): Promise<ExecutionGraphInfo> {
    const { jobId } = this
    const response = await this.#client.call(`the picture of job ${jobId}`, (dispatcher) =>
      dispatcher.requestJob({ jobId }),
    )
    return JSON.parse(Buffer.from(response.executionGraph).toString()) as ExecutionGraphInfo
  }

  /** Begins to cancel the job. */
  async cancel(): Promise<void> {
    const { jobId } = this
    await this.#client.call(`the cancellation of job ${jobId}`, (dispatcher) =>
      dispatcher.cancelJob({ jobId }),
    )
  }

  /** Lets virtual time go on until the JobManager says that the job has ended. */
  async end(timeoutMs?: number): Promise<ExecutionGraphInfo> {
    const { jobId } = this
    const ended = () => this.#client.endOf(jobId) !== undefined
    await this.#client.advanceUntil(`the end of job ${jobId}`, ended, timeoutMs)
    return this.#client.endOf(jobId)!
  }
}
