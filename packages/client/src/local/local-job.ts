import { type AccumulatorSnapshot, renderErrorChain } from '@flink-ts/core'
import type {
  JobExecutionResult,
  JobStatus,
  RecordedJob,
  SavepointRequest,
  SubmittedJob,
} from '@flink-ts/runtime'
import type { MiniCluster } from './mini-cluster.js'
import type { MiniClusterJob } from './mini-cluster-job.js'
import { mapStacksToSources } from './source-stack.js'

/** A job with a cluster of its own, which is closed before anybody is told of the job's end. */
export class LocalJob implements SubmittedJob {
  readonly jobId: string
  readonly #cluster: MiniCluster
  readonly #job: MiniClusterJob
  readonly #outcome: Promise<JobExecutionResult>
  #isAskedFor = false
  #isInterrupted = false

  /** Starts the cluster and submits the job; closes the cluster again if that fails. */
  static async start(cluster: MiniCluster, recorded: RecordedJob): Promise<LocalJob> {
    try {
      return new LocalJob(cluster, await cluster.submitJob(recorded))
    } catch (error) {
      await cluster.close()
      throw error
    }
  }

  private constructor(cluster: MiniCluster, job: MiniClusterJob) {
    this.jobId = job.jobId
    this.#cluster = cluster
    this.#job = job
    this.#outcome = this.#await()
    this.#outcome.catch((error) => this.#reportUnlessAskedFor(error))
  }

  /** Resolves when the job has ended, however, and its cluster is closed. */
  get ended(): Promise<unknown> {
    return this.#outcome.catch(() => {})
  }

  result(): Promise<JobExecutionResult> {
    this.#isAskedFor = true
    // The process is about to end: the program is not to go on as if the job had failed.
    return this.#outcome.catch((error) => {
      if (this.#isInterrupted) return new Promise(() => {})
      throw error
    })
  }

  status(): Promise<JobStatus> {
    return this.#job.status()
  }

  cancel(): Promise<void> {
    return this.#job.cancel()
  }

  accumulators(): Promise<readonly AccumulatorSnapshot[]> {
    return this.#job.accumulators()
  }

  savepoint(request: SavepointRequest): Promise<string> {
    return this.#job.savepoint(request)
  }

  /** Cancels the job because the process is to end: its end is not told to the program. */
  async interrupt(): Promise<void> {
    this.#isInterrupted = true
    await this.#job.cancel()
    await this.ended
  }

  async #await(): Promise<JobExecutionResult> {
    try {
      return await this.#job.result()
    } catch (error) {
      throw mapStacksToSources(error)
    } finally {
      await this.#cluster.close()
    }
  }

  /** A failure must not pass for success because the program did not wait for its job. */
  #reportUnlessAskedFor(error: unknown): void {
    if (this.#isAskedFor || this.#isInterrupted) return
    process.stderr.write(`${renderErrorChain(error)}\n`)
    process.exitCode = 1
  }
}
