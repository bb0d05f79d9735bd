import { type Clock, type Configuration, JobStoreOptions } from '@flink-ts/core'
import type { ExecutionGraphInfo } from '../jobmaster/info/execution-graph-info.js'
import type { JobMaster } from '../jobmaster/job-master.js'
import type {
  ClusterOverview,
  JobDetails,
  JobResult,
  JobStatus,
  ListJobsResponse,
} from '../messages/messages.generated.js'
import { CompletedJobs } from './completed-jobs.js'
import { FlinkJobNotFoundError, JobNotRunningError } from './dispatcher-errors.js'
import type { DispatcherTerm } from './dispatcher-term.js'
import { jobDetailsOf, jobResultOf } from './job-details.js'
import type { JobManagerRunner } from './job-manager-runner.js'

export interface KnownJobsOptions {
  /** Of the cluster. */
  readonly configuration: Configuration
  readonly clock: Clock
  /** The present one; undefined while there is none. */
  readonly term: () => DispatcherTerm | undefined
}

const NO_RUNNERS: ReadonlyMap<string, JobManagerRunner> = new Map()

/** What a Dispatcher can tell of jobs: of those of its term that have not ended, and of those that are remembered. */
export class KnownJobs {
  readonly #term: () => DispatcherTerm | undefined
  readonly #completed: CompletedJobs

  constructor({ clock, configuration, term }: KnownJobsOptions) {
    this.#term = term
    this.#completed = new CompletedJobs({
      clock,
      maxCapacity: configuration.get(JobStoreOptions.MAX_CAPACITY),
      expirationMs: configuration.get(JobStoreOptions.EXPIRATION_TIME),
    })
  }

  /** The job has ended, and every later leader will know. */
  remember(info: ExecutionGraphInfo): void {
    this.#completed.put(info)
  }

  /** The job as it ended; undefined: it has not, or was forgotten. */
  remembered(jobId: string): ExecutionGraphInfo | undefined {
    return this.#completed.get(jobId)
  }

  get runners(): ReadonlyMap<string, JobManagerRunner> {
    return this.#term()?.runners ?? NO_RUNNERS
  }

  /** Of each job that has not ended; without a JobMaster: it is not led yet. */
  get running(): { jobId: string; jobMaster: JobMaster | undefined }[] {
    return [...this.runners].map(([jobId, { jobMaster }]) => ({ jobId, jobMaster }))
  }

  list(): ListJobsResponse['jobs'] {
    const running = [...this.runners].map(([jobId, { jobStatus }]) => ({
      jobId,
      status: jobStatus,
    }))
    const ended = this.#completed.all.map(({ jobId, status }) => ({ jobId, status }))
    return [...running, ...ended]
  }

  details(): JobDetails[] {
    const running = [...this.runners.values()].map((runner) => runner.executionGraphInfo())
    return [...running, ...this.#completed.all].map(jobDetailsOf)
  }

  /** How many there are of each kind. */
  count(): Pick<
    ClusterOverview,
    'jobsRunningOrPending' | 'jobsFinished' | 'jobsCancelled' | 'jobsFailed'
  > {
    const ended = this.#completed.all.map(({ status }) => status)
    const count = (wanted: JobStatus) => ended.filter((status) => status === wanted).length
    return {
      jobsRunningOrPending: this.runners.size,
      jobsFinished: count('FINISHED'),
      jobsCancelled: count('CANCELED'),
      jobsFailed: count('FAILED'),
    }
  }

  /**
   * The picture of the job, with metrics at most a second old if it runs.
   *
   * @throws FlinkJobNotFoundError
   */
  async info(jobId: string): Promise<ExecutionGraphInfo> {
    return (await this.runners.get(jobId)?.requestJob()) ?? this.ended(jobId)
  }

  /** @throws FlinkJobNotFoundError */
  status(jobId: string): JobStatus {
    return this.runners.get(jobId)?.jobStatus ?? this.ended(jobId).status
  }

  /**
   * How the job ended; undefined: it has not.
   *
   * @throws FlinkJobNotFoundError
   */
  async result(jobId: string): Promise<JobResult | undefined> {
    if (this.runners.has(jobId)) return undefined
    const info = this.#completed.get(jobId)
    // Of an earlier leader whose clean-up was complete: nothing else is known of its job.
    const result = info === undefined ? await this.#term()?.keptResult(jobId) : jobResultOf(info)
    return result ?? jobResultOf(this.ended(jobId))
  }

  /** The job as it ended. @throws FlinkJobNotFoundError; the reason why nothing is known of a job that is kept */
  ended(jobId: string): ExecutionGraphInfo {
    const info = this.#completed.get(jobId)
    if (info === undefined) {
      throw this.#term()?.unreadable(jobId) ?? new FlinkJobNotFoundError(jobId)
    }
    return info
  }

  /** @throws FlinkError if the job does not run (yet, any more) */
  runningJobMaster(jobId: string): JobMaster {
    const jobMaster = this.runners.get(jobId)?.jobMaster
    if (jobMaster !== undefined) return jobMaster
    throw new JobNotRunningError(jobId, this.status(jobId))
  }

  /** @throws FlinkError if no JobMaster runs the job now; of one that has ended as of one that never was, as Flink's */
  jobMasterOf(jobId: string): JobMaster {
    if (!this.runners.has(jobId)) throw new FlinkJobNotFoundError(jobId)
    return this.runningJobMaster(jobId)
  }
}
