import type { Clock, Logger } from '@flink-ts/core'
import type { FencingToken, MainThreadExecutor } from '@flink-ts/rpc'
import { ExecutionGraph } from '../executiongraph/execution-graph.js'
import { isGloballyTerminalJobStatus } from '../executiongraph/job-status.js'
import type { LeaderElection } from '../highavailability/high-availability-services.js'
import type { JobGraph } from '../jobgraph/job-graph.js'
import type { ExecutionGraphInfo } from '../jobmaster/info/execution-graph-info.js'
import { JobInitializationError } from '../jobmaster/job-initialization.js'
import { JobMaster, type JobMasterOptions } from '../jobmaster/job-master.js'
import { toErrorInfo } from '../messages/error-info.js'
import type { JobStatus } from '../messages/messages.generated.js'

export interface JobManagerRunnerOptions {
  readonly jobMaster: Omit<JobMasterOptions, 'fencingToken' | 'onJobTerminated'>
  /** For `{ kind: 'jobmanager', jobId }`; closed with the runner. */
  readonly election: LeaderElection
  /** Of the Dispatcher. */
  readonly mainThread: MainThreadExecutor
  /** The job has ended for good; told once, in the main thread. */
  readonly onJobEnded: (info: ExecutionGraphInfo) => void
}

/** Runs a JobMaster for one job whenever this process leads it. */
export class JobManagerRunner {
  readonly #options: JobManagerRunnerOptions
  readonly #log: Logger
  readonly #clock: Clock
  /** What is shown while no JobMaster runs; made when somebody looks. */
  #waiting: ExecutionGraph | undefined
  #jobMaster: JobMaster | undefined
  #ending: Promise<void> = Promise.resolve()
  #cancelRequested = false
  #ended = false
  #closed: Promise<void> | undefined

  constructor(options: JobManagerRunnerOptions) {
    this.#options = options
    this.#log = options.jobMaster.log
    this.#clock = options.jobMaster.clock
  }

  get jobGraph(): JobGraph {
    return this.#options.jobMaster.jobGraph
  }

  get jobStatus(): JobStatus {
    return this.#jobMaster?.jobStatus ?? this.#waiting?.status ?? 'INITIALIZING'
  }

  start(): void {
    const { election, mainThread } = this.#options
    election.start({
      grantLeadership: (token) => mainThread.execute(() => this.#onGranted(token)),
      revokeLeadership: () => mainThread.execute(() => this.#onRevoked()),
    })
  }

  /** The picture of the job without asking anybody. */
  executionGraphInfo(): ExecutionGraphInfo {
    return this.#jobMaster?.executionGraphInfo() ?? this.#waitingInfo()
  }

  /** The picture of the job with metrics at most a second old. */
  requestJob(): Promise<ExecutionGraphInfo> {
    return this.#jobMaster?.requestJob() ?? Promise.resolve(this.#waitingInfo())
  }

  /** Begins to cancel the job; one without JobMaster yet is cancelled when it gets one. */
  async cancel(): Promise<void> {
    this.#cancelRequested = true
    await this.#jobMaster?.cancelJob()
  }

  /** A job that has not ended is suspended. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#doClose()
    return this.#closed
  }

  async #doClose(): Promise<void> {
    this.#ended = true
    await this.#options.election.close()
    this.#closeJobMaster()
    await this.#ending
  }

  #onGranted(token: FencingToken): void {
    this.#closeJobMaster()
    // The JobMaster of an earlier term first gives up what it holds.
    void this.#ending.then(() =>
      this.#options.mainThread.execute(() => {
        if (!this.#ended && this.#jobMaster === undefined) this.#startJobMaster(token)
      }),
    )
  }

  #onRevoked(): void {
    this.#log.warn('Leadership for a job was revoked; the job is suspended here', {
      jobId: this.jobGraph.jobId,
    })
    this.#closeJobMaster()
  }

  #startJobMaster(token: FencingToken): void {
    const { jobMaster: options, election, mainThread } = this.#options
    let jobMaster: JobMaster
    try {
      jobMaster = new JobMaster({
        ...options,
        fencingToken: token,
        onJobTerminated: (info) => mainThread.execute(() => this.#onTerminated(info)),
      })
    } catch (error) {
      this.#onStartFailed(error)
      return
    }
    this.#jobMaster = jobMaster
    jobMaster.start().then(
      () =>
        mainThread.execute(async () => {
          if (this.#jobMaster !== jobMaster || this.#ended) return
          const { address, endpointId } = jobMaster
          election.confirmLeadership({ address, endpointId, token })
          if (this.#cancelRequested) await jobMaster.cancelJob()
        }),
      (error) => mainThread.execute(() => this.#onStartFailed(error)),
    )
  }

  #onStartFailed(cause: unknown): void {
    if (this.#ended) return
    const reason = cause instanceof Error ? cause.message : String(cause)
    const error = toErrorInfo(
      new JobInitializationError(
        `Could not start the JobMaster of job '${this.jobGraph.name}': ${reason}`,
        cause,
      ),
    )
    this.#waitingGraph().transitionTo('FAILED', error)
    this.#closeJobMaster()
    this.#onTerminated({
      ...this.#waitingInfo(),
      exceptionHistory: [{ timestampMs: this.#clock.now(), error, concurrent: [] }],
    })
  }

  #onTerminated(info: ExecutionGraphInfo): void {
    if (this.#ended || !isGloballyTerminalJobStatus(info.status)) return
    this.#ended = true
    this.#options.onJobEnded(info)
  }

  #closeJobMaster(): void {
    const jobMaster = this.#jobMaster
    if (jobMaster === undefined) return
    this.#jobMaster = undefined
    this.#ending = this.#ending
      .then(() => jobMaster.close())
      .catch((error) => {
        this.#log.error('Closing a JobMaster failed', { jobId: this.jobGraph.jobId, error })
      })
  }

  #waitingGraph(): ExecutionGraph {
    const { jobGraph, random } = this.#options.jobMaster
    this.#waiting ??= new ExecutionGraph({
      jobGraph,
      clock: this.#clock,
      random,
      log: this.#log,
      attemptsHistorySize: 1,
      restartStrategy: '',
    })
    return this.#waiting
  }

  #waitingInfo(): ExecutionGraphInfo {
    return this.#waitingGraph().toInfo({ exceptionHistory: [], exceptionHistoryTruncated: false })
  }
}
