import type { Logger } from '@flink-ts/core'
import type { MainThreadExecutor } from '@flink-ts/rpc'
import type { JobBlobs, TermBlobs } from '../blob/job-blobs.js'
import type { LeaderStores } from '../highavailability/high-availability-services.js'
import {
  CoordinationConnectionLostError,
  EntryExistsError,
  LeadershipLostError,
} from '../highavailability/store/store-errors.js'
import type { JobGraph } from '../jobgraph/job-graph.js'
import { withResourceRequirements } from '../jobgraph/with-resource-requirements.js'
import type { ExecutionGraphInfo } from '../jobmaster/info/execution-graph-info.js'
import type { JobResourceRequirements, JobResult } from '../messages/messages.generated.js'
import { Retries, type RetryPolicy } from '../retry/retries.js'
import type { CleanupSettings } from './cleanup-settings.js'
import { DuplicateJobSubmissionError } from './dispatcher-errors.js'
import { infoOfResult } from './ended-job-info.js'
import { jobResultOf } from './job-details.js'
import type { JobManagerRunner } from './job-manager-runner.js'
import { JobPrograms } from './job-programs.js'
import { type RecoveredJobs, recoverJobs } from './recover-jobs.js'
import { CONNECTION_RETRIES, changeRetries, STORAGE_RETRIES } from './store-retries.js'

export interface DispatcherTermOptions {
  readonly stores: LeaderStores
  readonly mainThread: MainThreadExecutor
  readonly log: Logger
  readonly cleanup: CleanupSettings
  /** Results stay after the clean-up. */
  readonly keepResults: boolean
  /** Of this term, if there are later ones. */
  readonly blobs: JobBlobs | TermBlobs | undefined
  /** Removes what a job of an earlier leader has left of its checkpoints; its graph, if it is kept. */
  readonly cleanUpCheckpoints: (result: JobResult, jobGraph: JobGraph | undefined) => Promise<void>
  /** `onJobEnded` is to be told once, in the main thread. */
  readonly createRunner: (
    jobGraph: JobGraph,
    onJobEnded: (info: ExecutionGraphInfo) => void,
  ) => JobManagerRunner
  /** A job has ended, and every later leader will know. */
  readonly onJobEnded: (info: ExecutionGraphInfo) => void
}

/**
 * The jobs of a Dispatcher during one term of leadership. Everything that a later leader must know is kept
 * before anybody else hears of it: the graph before the submission is acknowledged, the result before
 * the job is told to have ended.
 */
export class DispatcherTerm {
  readonly #options: DispatcherTermOptions
  readonly #retries: Retries
  readonly #programs: JobPrograms
  readonly #runners = new Map<string, JobManagerRunner>()
  /** Ids of jobs that are being submitted. */
  readonly #submitting = new Set<string>()
  /** Of jobs whose graph may be kept: the latest attempt to keep it of which nobody knows the outcome. */
  readonly #doubtful = new Map<string, CoordinationConnectionLostError>()
  /** What goes on after a job left `#runners`. */
  readonly #ending = new Set<Promise<void>>()
  #recovered: RecoveredJobs | undefined
  #closed = false

  constructor(options: DispatcherTermOptions) {
    this.#options = options
    const { mainThread, log } = options
    const retries = new Retries((delayMs, action) => mainThread.schedule(delayMs, action), log)
    this.#retries = retries
    this.#programs = new JobPrograms({
      blobs: options.blobs,
      retries,
      log,
      isOver: () => this.#closed,
    })
  }

  /** Of jobs that have not ended, as far as anybody may know. */
  get runners(): ReadonlyMap<string, JobManagerRunner> {
    return this.#runners
  }

  /** Why nothing is known of a job that is kept; undefined: it is no such job. */
  unreadable(jobId: string): Error | undefined {
    return this.#recovered?.unreadable.get(jobId)
  }

  /** How a job ended under any leader whose results are kept; undefined: nothing is kept of its end. */
  keptResult(jobId: string): Promise<JobResult | undefined> {
    return this.#store(`read the result of job ${jobId}`, () =>
      this.#options.stores.jobResults.getJobResult(jobId),
    )
  }

  /** Reads what earlier leaders have left. */
  async recover(): Promise<void> {
    const { stores, log } = this.#options
    this.#recovered = await recoverJobs(stores, (what, attempt) => this.#storeOrWait(what, attempt))
    const { jobGraphs, unreadable } = this.#recovered
    for (const [jobId, error] of unreadable) {
      log.error('A job is left out: what is kept of it cannot be read', { jobId, error })
    }
    // Before anybody asks for these jobs: they run as soon as this leader serves.
    await Promise.all(jobGraphs.map((jobGraph) => this.#programs.recover(jobGraph)))
  }

  /** Goes on with the jobs that were recovered. */
  start(): void {
    const { log, onJobEnded } = this.#options
    const { jobGraphs, dirtyResults, unreadable } = this.#recovered!
    for (const result of dirtyResults) {
      const { jobId, name, status } = result
      log.info('Cleaning up after a job of an earlier leader', { jobId, job: name, status })
      onJobEnded(infoOfResult(result))
      this.#track(this.#cleanUp(jobId, result))
    }
    for (const jobGraph of jobGraphs) {
      log.info('Recovered a job', { jobId: jobGraph.jobId, job: jobGraph.name })
      this.#runJob(jobGraph)
    }
    // Nobody knows which programs belong to jobs that cannot be read.
    if (unreadable.size === 0) this.#track(this.#programs.removeAbandoned())
  }

  /**
   * Resolves when the job is kept: it is run then, here or by a later leader.
   *
   * @throws DuplicateJobSubmissionError
   * @throws LeadershipLostError if the term is over: whether the job is kept is not known
   * @throws CoordinationConnectionLostError if that is not known for another reason
   */
  async submit(jobGraph: JobGraph): Promise<void> {
    const { jobId } = jobGraph
    const { stores, log } = this.#options
    if (this.#runners.has(jobId) || this.#submitting.has(jobId)) {
      throw new DuplicateJobSubmissionError(jobId, false)
    }
    this.#submitting.add(jobId)
    try {
      const ended = await this.#store(`look for the result of job ${jobId}`, () =>
        stores.jobResults.hasJobResult(jobId),
      )
      if (ended) throw new DuplicateJobSubmissionError(jobId, true)
      await this.#programs.register(jobGraph)
      await this.#keepJobGraph(jobGraph)
    } catch (error) {
      if (error instanceof EntryExistsError) throw new DuplicateJobSubmissionError(jobId, false)
      const outcomeUnknown =
        error instanceof LeadershipLostError || error instanceof CoordinationConnectionLostError
      if (outcomeUnknown || error instanceof DuplicateJobSubmissionError) throw error
      const doubt = this.#doubtful.get(jobId)
      if (doubt !== undefined) {
        // The client is told what it must know: the job may run.
        log.warn('A job may have been kept, or not: its submission failed', { jobId, error })
        throw doubt
      }
      await this.#programs.releaseRefused(jobId)
      throw error
    } finally {
      this.#submitting.delete(jobId)
    }
    log.info('Job was submitted', { jobId, job: jobGraph.name })
    if (!this.#closed) this.#runJob(jobGraph)
  }

  /**
   * Changes the bounds of a job's parallelism; resolves when a later leader knows them too.
   *
   * @throws RescalingUnsupportedError, InvalidResourceRequirementsError
   * @throws LeadershipLostError if the term is over: whether they are kept is not known
   */
  async updateResourceRequirements(
    jobId: string,
    requirements: JobResourceRequirements,
  ): Promise<void> {
    const { jobGraphs } = this.#options.stores
    const change = (jobGraph: JobGraph) => withResourceRequirements(jobGraph, requirements)
    await this.#runners
      .get(jobId)
      ?.updateResourceRequirements(requirements, () =>
        this.#retries.run(`keep the parallelism of job ${jobId}`, changeRetries(), () =>
          jobGraphs.updateJobGraph(jobId, change),
        ),
      )
  }

  /** Suspends all jobs; resolves when everything has ended that goes on here. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    this.#retries.close()
    for (const runner of this.#runners.values()) this.#track(runner.close())
    this.#runners.clear()
    await Promise.all(this.#ending)
    await this.#programs.close()
  }

  async #keepJobGraph(jobGraph: JobGraph): Promise<void> {
    const { jobId } = jobGraph
    const policy: RetryPolicy = {
      ...CONNECTION_RETRIES,
      // What may be kept is not refused any more.
      isWorthRetrying: (error) =>
        (this.#doubtful.has(jobId) ? STORAGE_RETRIES : CONNECTION_RETRIES).isWorthRetrying(error),
    }
    await this.#retries.run(`keep the graph of job ${jobId}`, policy, async () => {
      try {
        await this.#options.stores.jobGraphs.putJobGraph(jobGraph)
      } catch (error) {
        if (error instanceof CoordinationConnectionLostError) this.#doubtful.set(jobId, error)
        throw error
      }
    })
    this.#doubtful.delete(jobId)
  }

  #runJob(jobGraph: JobGraph): void {
    const { jobId } = jobGraph
    const runner = this.#options.createRunner(jobGraph, (info) => {
      if (this.#closed || this.#runners.get(jobId) !== runner) return
      this.#track(this.#end(runner, info))
    })
    this.#runners.set(jobId, runner)
    runner.start()
  }

  async #end(runner: JobManagerRunner, info: ExecutionGraphInfo): Promise<void> {
    const { jobId, name, status } = info
    const { stores, log, onJobEnded } = this.#options
    const result = jobResultOf(info)
    try {
      await this.#storeOrWait(`keep how job ${jobId} ended`, () =>
        stores.jobResults.putDirtyResult(result),
      )
    } catch (error) {
      if (!this.#closed && !(error instanceof LeadershipLostError)) throw error
      log.info('The end of a job was not kept: a later leader runs it again', { jobId, error })
      return
    }
    if (this.#closed) return
    log.info('Job has ended', { jobId, job: name, status })
    this.#runners.delete(jobId)
    onJobEnded(info)
    await runner.close()
    await this.#cleanUp(jobId)
  }

  /** @param earlier how it ended, if that was under another leader */
  async #cleanUp(jobId: string, earlier?: JobResult): Promise<void> {
    const { cleanUpCheckpoints, stores, cleanup, keepResults, log } = this.#options
    const policy: RetryPolicy = {
      ...cleanup,
      isWorthRetrying: (error) => !(error instanceof LeadershipLostError),
    }
    try {
      await this.#retries.run(`clean up after job ${jobId}`, policy, async () => {
        // Before the graph goes, which says where they are.
        if (earlier !== undefined) {
          await cleanUpCheckpoints(earlier, await stores.jobGraphs.getJobGraph(jobId))
        }
        const parts = await Promise.allSettled([
          stores.jobGraphs.removeJobGraph(jobId),
          stores.cleanUpJob(jobId),
          this.#programs.release(jobId),
        ])
        for (const part of parts) if (part.status === 'rejected') throw part.reason
        await stores.jobResults.markClean(jobId, keepResults)
      })
    } catch (error) {
      if (this.#closed || error instanceof LeadershipLostError) {
        log.info('The clean-up after a job is left to a later leader', { jobId, error })
      } else {
        log.error('The clean-up after a job failed; the next leader tries again', { jobId, error })
      }
    }
  }

  #store<T>(what: string, attempt: () => Promise<T>): Promise<T> {
    return this.#retries.run(what, CONNECTION_RETRIES, attempt)
  }

  #storeOrWait<T>(what: string, attempt: () => Promise<T>): Promise<T> {
    return this.#retries.run(what, STORAGE_RETRIES, attempt)
  }

  #track(work: Promise<void>): void {
    const tracked = work
      .catch((error) => {
        // What a later leader must know cannot be kept: this one must not go on.
        this.#options.mainThread.execute(() => {
          throw error
        })
      })
      .finally(() => this.#ending.delete(tracked))
    this.#ending.add(tracked)
  }
}
