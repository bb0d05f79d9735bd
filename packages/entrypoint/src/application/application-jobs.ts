import {
  type AccumulatorSnapshot,
  type Clock,
  FlinkError,
  type Random,
  SystemClock,
  SystemRandom,
} from '@flink-ts/core'
import {
  accumulatorsOf,
  type DispatcherGateway,
  type ExecutionGraphInfo,
  type JobResult,
  jobResultOf,
  type SavepointRequest,
  takeSavepoint,
} from '@flink-ts/runtime'
import type { JobOutcome } from './application-thread-messages.js'

/** The jobs that an application has submitted. */
export class ApplicationJobs {
  readonly #dispatcher: () => Promise<DispatcherGateway>
  readonly #world: { readonly clock: Clock; readonly random: Random }
  readonly #jobs = new Map<string, PendingOutcome>()

  constructor(
    dispatcher: () => Promise<DispatcherGateway>,
    world: { readonly clock: Clock; readonly random: Random } = {
      clock: new SystemClock(),
      random: new SystemRandom(),
    },
  ) {
    this.#dispatcher = dispatcher
    this.#world = world
  }

  /** A job that runs already, because it was recovered, is the application's again. */
  async submit(jobId: string, jobGraph: string): Promise<void> {
    const dispatcher = await this.#dispatcher()
    // First: it may end before the answer comes.
    this.#jobs.set(jobId, new PendingOutcome())
    try {
      await dispatcher.submitJob({ jobGraph: Buffer.from(jobGraph) })
    } catch (error) {
      if (!FlinkError.is(error) || error.code !== 'FLINK_DUPLICATE_JOB_SUBMISSION') {
        this.#jobs.delete(jobId)
        throw error
      }
      const { result } = await dispatcher.requestJobResult({ jobId })
      if (result !== undefined) this.#jobs.get(jobId)!.settle(outcomeOf(result))
    }
  }

  /** To be told of each job of the cluster that has ended. */
  jobEnded(info: ExecutionGraphInfo): void {
    this.#jobs.get(info.jobId)?.settle(outcomeOf(jobResultOf(info)))
  }

  /** Resolves when the job has ended, however. */
  result(jobId: string): Promise<JobOutcome> {
    const job = this.#jobs.get(jobId)
    if (job !== undefined) return job.promise
    return Promise.reject(
      new FlinkError(`Job ${jobId} is not of this application`, { code: 'FLINK_JOB_NOT_FOUND' }),
    )
  }

  async status(jobId: string): Promise<string> {
    return (await (await this.#dispatcher()).requestJobStatus({ jobId })).status
  }

  async cancel(jobId: string): Promise<void> {
    await (await this.#dispatcher()).cancelJob({ jobId })
  }

  async accumulators(jobId: string): Promise<readonly AccumulatorSnapshot[]> {
    const { executionGraph } = await (await this.#dispatcher()).requestJob({ jobId })
    const info = JSON.parse(Buffer.from(executionGraph).toString()) as ExecutionGraphInfo
    return accumulatorsOf(info.vertices)
  }

  /** @returns the folder of the savepoint */
  async savepoint(jobId: string, request: SavepointRequest): Promise<string> {
    const dispatcher = await this.#dispatcher()
    return takeSavepoint(jobId, request, { ...this.#world, dispatcher })
  }

  /**
   * Resolves with a job that did not finish, or with undefined when all have finished.
   *
   * @param first whether the first that does not finish is enough; otherwise all are waited for
   */
  async unfinished(first: boolean): Promise<JobOutcome | undefined> {
    const outcomes = [...this.#jobs.values()].map(({ promise }) => promise)
    const isBad = ({ status }: JobOutcome) => status !== 'FINISHED'
    const all = Promise.all(outcomes).then((ended) => ended.find(isBad))
    if (!first) return all
    const firstBad = new Promise<JobOutcome>((resolve) => {
      for (const outcome of outcomes) {
        void outcome.then((ended) => {
          if (isBad(ended)) resolve(ended)
        })
      }
    })
    return Promise.race([all, firstBad])
  }
}

class PendingOutcome {
  readonly promise: Promise<JobOutcome>
  settle!: (outcome: JobOutcome) => void

  constructor() {
    this.promise = new Promise((resolve) => {
      this.settle = resolve
    })
  }
}

function outcomeOf(result: JobResult): JobOutcome {
  const { jobId, name, status, startTimeMs, endTimeMs, accumulators, failureCause } = result
  return {
    jobId,
    jobName: name,
    status,
    netRuntimeMs: endTimeMs - startTimeMs,
    accumulators,
    ...(failureCause === undefined ? {} : { failureCause }),
  }
}
