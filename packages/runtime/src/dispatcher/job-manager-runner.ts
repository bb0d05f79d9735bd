import type { Clock, Logger } from '@flink-ts/core'
import type { FencingToken, MainThreadExecutor } from '@flink-ts/rpc'
import { ExecutionGraph } from '../executiongraph/execution-graph.js'
import { isGloballyTerminalJobStatus } from '../executiongraph/job-status.js'
import type { LeaderElection } from '../highavailability/high-availability-services.js'
import type { JobGraph } from '../jobgraph/job-graph.js'
import { withResourceRequirements } from '../jobgraph/with-resource-requirements.js'
import type { ExecutionGraphInfo } from '../jobmaster/info/execution-graph-info.js'
import { JobInitializationError } from '../jobmaster/job-initialization.js'
import { JobMaster, type JobMasterOptions } from '../jobmaster/job-master.js'
import { toErrorInfo } from '../messages/error-info.js'
import type { JobResourceRequirements, JobStatus } from '../messages/messages.generated.js'
import { infoBeforeEnd, statusBeforeEnd } from './ended-job-info.js'

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
  /** Of the latest grant, if it was not revoked. */
  #token: FencingToken | undefined
  #ending: Promise<void> = Promise.resolve()
  #cancelRequested = false
  #jobGraph: JobGraph
  #ended = false
  #closed: Promise<void> | undefined

  constructor(options: JobManagerRunnerOptions) {
    this.#options = options
    this.#log = options.jobMaster.log
    this.#clock = options.jobMaster.clock
    this.#jobGraph = options.jobMaster.jobGraph
  }

  get jobGraph(): JobGraph {
    return this.#jobGraph
  }

  /** Never globally terminal: how the job ended is for `onJobEnded` to tell, once it is kept. */
  get jobStatus(): JobStatus {
    const status = this.#jobMaster?.jobStatus ?? this.#waiting?.status ?? 'INITIALIZING'
    return statusBeforeEnd(status)
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
    return infoBeforeEnd(this.#jobMaster?.executionGraphInfo() ?? this.#waitingInfo())
  }

  /** The picture of the job with metrics at most a second old. */
  async requestJob(): Promise<ExecutionGraphInfo> {
    return infoBeforeEnd((await this.#jobMaster?.requestJob()) ?? this.#waitingInfo())
  }

  /** Begins to cancel the job; one without JobMaster yet is cancelled when it gets one. */
  async cancel(): Promise<void> {
    this.#cancelRequested = true
    await this.#jobMaster?.cancelJob()
  }

  /**
   * Changes the bounds of the job's parallelism, also for a JobMaster that comes after. Nothing happens while none
   * runs.
   *
   * @param keep has later leaders know them
   * @throws RescalingUnsupportedError, InvalidResourceRequirementsError
   */
  async updateResourceRequirements(
    requirements: JobResourceRequirements,
    keep: () => Promise<void>,
  ): Promise<void> {
    await this.#jobMaster?.updateResourceRequirements(requirements, async () => {
      await keep()
      this.#jobGraph = withResourceRequirements(this.#jobGraph, requirements)
    })
  }

  /** The JobMaster; undefined while none runs. */
  get jobMaster(): JobMaster | undefined {
    return this.#jobMaster
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
    this.#token = token
    // The JobMaster of an earlier term first gives up what it holds.
    void this.#ending.then(() =>
      this.#options.mainThread.execute(() => {
        if (!this.#ended && this.#token === token) this.#startJobMaster(token)
      }),
    )
  }

  #onRevoked(): void {
    this.#log.warn('Leadership for a job was revoked; the job is suspended here', {
      jobId: this.jobGraph.jobId,
    })
    this.#token = undefined
    this.#closeJobMaster()
  }

  #startJobMaster(token: FencingToken): void {
    const { jobMaster: options, election, mainThread } = this.#options
    let jobMaster: JobMaster
    try {
      jobMaster = new JobMaster({
        ...options,
        jobGraph: this.#jobGraph,
        fencingToken: token,
        onJobTerminated: (info) => mainThread.execute(() => this.#onTerminated(token, info)),
      })
    } catch (error) {
      this.#onStartFailed(token, error)
      return
    }
    this.#jobMaster = jobMaster
    jobMaster.start().then(
      () =>
        mainThread.execute(async () => {
          if (this.#token !== token || this.#ended) return
          const { address, endpointId } = jobMaster
          election.confirmLeadership({ address, endpointId, token })
          if (this.#cancelRequested) await jobMaster.cancelJob()
        }),
      (error) => mainThread.execute(() => this.#onStartFailed(token, error)),
    )
  }

  #onStartFailed(token: FencingToken, cause: unknown): void {
    if (this.#ended || this.#token !== token) return
    const reason = cause instanceof Error ? cause.message : String(cause)
    const error = toErrorInfo(
      new JobInitializationError(
        `Could not start the JobMaster of job '${this.jobGraph.name}': ${reason}`,
        cause,
      ),
    )
    this.#waitingGraph().transitionTo('FAILED', error)
    this.#closeJobMaster()
    this.#onTerminated(token, {
      ...this.#waitingInfo(),
      exceptionHistory: [{ timestampMs: this.#clock.now(), error, concurrent: [] }],
    })
  }

  // What a JobMaster of a term that is over says is for nobody: the next one runs the job again.
  #onTerminated(token: FencingToken, info: ExecutionGraphInfo): void {
    if (this.#ended || this.#token !== token || !isGloballyTerminalJobStatus(info.status)) return
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
    const { random } = this.#options.jobMaster
    this.#waiting ??= new ExecutionGraph({
      jobGraph: this.#jobGraph,
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
