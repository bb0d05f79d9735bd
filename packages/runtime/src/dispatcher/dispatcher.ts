import {
  type Clock,
  type Configuration,
  type FileSystems,
  HighAvailabilityOptions,
  JobStoreOptions,
  type Logger,
  type Random,
} from '@flink-ts/core'
import type { ShuffleMaster } from '@flink-ts/network'
import {
  FencedRpcEndpoint,
  type FencingToken,
  formatFencingToken,
  NotLeaderError,
  type RpcService,
} from '@flink-ts/rpc'
import type { JobBlobs, TermBlobs } from '../blob/job-blobs.js'
import { cleanUpCheckpoints } from '../checkpoint/clean-up-checkpoints.js'
import type {
  HighAvailabilityServices,
  LeaderElection,
} from '../highavailability/high-availability-services.js'
import { LeadershipLostError } from '../highavailability/store/store-errors.js'
import type { JobGraph } from '../jobgraph/job-graph.js'
import { parseJobGraph } from '../jobgraph/parse-job-graph.js'
import type { ExecutionGraphInfo } from '../jobmaster/info/execution-graph-info.js'
import type { ModuleLoader } from '../jobmaster/job-initialization.js'
import type { JobMaster } from '../jobmaster/job-master.js'
import { DISPATCHER_GATEWAY } from '../messages/gateways.js'
import type {
  Acknowledge,
  ApplicationStatus,
  CancelJobRequest,
  ClusterOverview,
  DispatcherGateway,
  DisposeSavepointRequest,
  JobResourceRequirements,
  JobStatus,
  ListJobsResponse,
  ReportJobClientHeartbeatRequest,
  RequestCheckpointStatisticsRequest,
  RequestCheckpointStatisticsResponse,
  RequestJobRequest,
  RequestJobResponse,
  RequestJobResultResponse,
  RequestJobStatusResponse,
  RequestMultipleJobDetailsResponse,
  ShutDownClusterRequest,
  StopWithSavepointRequest,
  SubmitJobRequest,
  TriggeredOperationRequest,
  TriggeredOperationResponse,
  TriggerManualCheckpointRequest,
  TriggerSavepointRequest,
  UpdateJobResourceRequirementsRequest,
} from '../messages/messages.generated.js'
import { CheckpointCalls } from './checkpoint-calls.js'
import { type CleanupSettings, cleanupSettings } from './cleanup-settings.js'
import { type ClusterVersion, checkClientCompatibility } from './client-compatibility.js'
import { CompletedJobs } from './completed-jobs.js'
import {
  DuplicateJobSubmissionError,
  FlinkJobNotFoundError,
  FlinkJobTerminatedWithoutCancellationError,
  JobNotRunningError,
} from './dispatcher-errors.js'
import { DispatcherTerm } from './dispatcher-term.js'
import { JobClientHeartbeats } from './job-client-heartbeats.js'
import { jobDetailsOf, jobResultOf } from './job-details.js'
import { JobManagerRunner } from './job-manager-runner.js'
import { ResourceOverviewClient } from './resource-overview-client.js'

export interface DispatcherOptions {
  /** Of the cluster. */
  readonly configuration: Configuration
  readonly rpcService: RpcService
  readonly highAvailability: HighAvailabilityServices
  readonly fileSystems: FileSystems
  readonly loadModule: ModuleLoader
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Of the JobManager process. */
  readonly resourceId: string
  readonly clusterVersion: ClusterVersion
  /** Throws if a job can never run here. Default: any may be able to. */
  readonly checkJob?: (jobGraph: JobGraph) => void
  /** Of the JobManager, who closes it. Default: the network's, which has nothing to remember. */
  readonly shuffleMaster?: ShuffleMaster
  /** For all terms, or what each term keeps for later ones. */
  readonly blobs?: JobBlobs | ((token: FencingToken) => TermBlobs)
  /** Default `dispatcher`. */
  readonly endpointId?: string
  /** Somebody asked for the end of the cluster; told once. */
  readonly onShutDown?: (status: ApplicationStatus) => void
  /** A job has ended for good. */
  readonly onJobEnded?: (info: ExecutionGraphInfo) => void
  readonly onFatalError?: (error: unknown) => void
}

const NO_RUNNERS: ReadonlyMap<string, JobManagerRunner> = new Map()

/** Accepts jobs, runs a JobMaster for each, and remembers those that ended. */
export class Dispatcher extends FencedRpcEndpoint implements DispatcherGateway {
  readonly #options: DispatcherOptions
  readonly #election: LeaderElection
  readonly #cleanup: CleanupSettings
  readonly #completed: CompletedJobs
  readonly #clientHeartbeats: JobClientHeartbeats
  readonly #resources: ResourceOverviewClient
  readonly #checkpoints: CheckpointCalls
  #shutDownTold = false
  /** Of the latest grant; it serves when `fencingToken` is set. */
  #term: DispatcherTerm | undefined
  /** The terms before it. */
  #earlierTerms: Promise<unknown> = Promise.resolve()

  /** @throws IllegalConfigurationError */
  constructor(options: DispatcherOptions) {
    super({
      rpcService: options.rpcService,
      endpointId: options.endpointId ?? 'dispatcher',
      log: options.log.child({ component: 'Dispatcher' }),
      clock: options.clock,
      ...(options.onFatalError === undefined ? {} : { onFatalError: options.onFatalError }),
    })
    this.#options = options
    this.#election = options.highAvailability.leaderElection({ kind: 'dispatcher' })
    this.#cleanup = cleanupSettings(options.configuration)
    this.#completed = new CompletedJobs({
      clock: options.clock,
      maxCapacity: options.configuration.get(JobStoreOptions.MAX_CAPACITY),
      expirationMs: options.configuration.get(JobStoreOptions.EXPIRATION_TIME),
    })
    this.#clientHeartbeats = new JobClientHeartbeats(
      options.clock,
      (delayMs, action) => this.mainThread.schedule(delayMs, action),
      (jobId) => this.mainThread.execute(() => this.#onClientExpired(jobId)),
    )
    this.#resources = new ResourceOverviewClient({
      rpcService: options.rpcService,
      retriever: options.highAvailability.leaderRetriever({ kind: 'resourcemanager' }),
      log: this.log,
    })
    this.#checkpoints = new CheckpointCalls({
      ...options,
      log: this.log,
      jobMasterOf: (jobId) => this.#jobMasterOf(jobId),
      runningJobs: () => [...this.#runners].map(([jobId, { jobMaster }]) => ({ jobId, jobMaster })),
      schedule: (delayMs, action) => this.mainThread.schedule(delayMs, action),
      endedJob: (jobId) => this.#completed.get(jobId),
    })
  }

  async submitJob({ jobGraph: bytes }: SubmitJobRequest): Promise<Acknowledge> {
    const jobGraph = parseJobGraph(bytes)
    const { jobId, program } = jobGraph
    if (program !== undefined) checkClientCompatibility(program, this.#options.clusterVersion)
    this.#options.checkJob?.(jobGraph)
    if (this.#completed.get(jobId) !== undefined) throw new DuplicateJobSubmissionError(jobId, true)
    const term = this.#term
    if (term === undefined) throw new NotLeaderError({ target: this.endpointId })
    await term.submit(jobGraph)
    return {}
  }

  async listJobs(): Promise<ListJobsResponse> {
    const running = [...this.#runners].map(([jobId, { jobStatus }]) => ({
      jobId,
      status: jobStatus,
    }))
    const ended = this.#completed.all.map(({ jobId, status }) => ({ jobId, status }))
    return { jobs: [...running, ...ended] }
  }

  async requestMultipleJobDetails(): Promise<RequestMultipleJobDetailsResponse> {
    const running = [...this.#runners.values()].map((runner) => runner.executionGraphInfo())
    return { jobs: [...running, ...this.#completed.all].map(jobDetailsOf) }
  }

  async requestJob({ jobId }: RequestJobRequest): Promise<RequestJobResponse> {
    const info = (await this.#runners.get(jobId)?.requestJob()) ?? this.#completedJob(jobId)
    return { executionGraph: Buffer.from(JSON.stringify(info)) }
  }

  async requestJobStatus({ jobId }: RequestJobRequest): Promise<RequestJobStatusResponse> {
    return { status: this.#statusOf(jobId) }
  }

  async requestJobResult({ jobId }: RequestJobRequest): Promise<RequestJobResultResponse> {
    if (this.#runners.has(jobId)) return {}
    const info = this.#completed.get(jobId)
    // Of an earlier leader whose clean-up was complete: nothing else is known of its job.
    const result = info === undefined ? await this.#term?.keptResult(jobId) : jobResultOf(info)
    return { result: result ?? jobResultOf(this.#completedJob(jobId)) }
  }

  async requestJobResourceRequirements({
    jobId,
  }: RequestJobRequest): Promise<JobResourceRequirements> {
    return this.#runningJobMaster(jobId).requestResourceRequirements()
  }

  async updateJobResourceRequirements(
    request: UpdateJobResourceRequirementsRequest,
  ): Promise<Acknowledge> {
    const { jobId, requirements } = request
    const term = this.#term
    this.#runningJobMaster(jobId)
    await term?.updateResourceRequirements(jobId, requirements)
    return {}
  }

  async triggerSavepoint(request: TriggerSavepointRequest): Promise<Acknowledge> {
    this.#checkpoints.triggerSavepoint(request)
    return {}
  }

  async stopWithSavepoint(request: StopWithSavepointRequest): Promise<Acknowledge> {
    this.#checkpoints.stopWithSavepoint(request)
    return {}
  }

  async triggerManualCheckpoint(request: TriggerManualCheckpointRequest): Promise<Acknowledge> {
    this.#checkpoints.triggerManualCheckpoint(request)
    return {}
  }

  async disposeSavepoint(request: DisposeSavepointRequest): Promise<Acknowledge> {
    this.#checkpoints.disposeSavepoint(request)
    return {}
  }

  async requestTriggeredOperation(
    request: TriggeredOperationRequest,
  ): Promise<TriggeredOperationResponse> {
    return this.#checkpoints.operation(request)
  }

  async requestCheckpointStatistics(
    request: RequestCheckpointStatisticsRequest,
  ): Promise<RequestCheckpointStatisticsResponse> {
    return this.#checkpoints.statistics(request)
  }

  async cancelJob({ jobId }: CancelJobRequest): Promise<Acknowledge> {
    const runner = this.#runners.get(jobId)
    if (runner !== undefined) {
      await runner.cancel()
      return {}
    }
    const { status } = this.#completedJob(jobId)
    if (status === 'CANCELED') return {}
    throw new FlinkJobTerminatedWithoutCancellationError(jobId, status)
  }

  async requestClusterOverview(): Promise<ClusterOverview> {
    const ended = this.#completed.all.map(({ status }) => status)
    const count = (wanted: JobStatus) => ended.filter((status) => status === wanted).length
    const resources = await this.#resources.request()
    return {
      taskManagers: resources.taskManagers,
      slotsTotal: resources.slotsTotal,
      slotsAvailable: resources.slotsAvailable,
      jobsRunningOrPending: this.#runners.size,
      jobsFinished: count('FINISHED'),
      jobsCancelled: count('CANCELED'),
      jobsFailed: count('FAILED'),
    }
  }

  async shutDownCluster({ status }: ShutDownClusterRequest): Promise<Acknowledge> {
    if (!this.#shutDownTold) {
      this.#shutDownTold = true
      this.log.info('The cluster is shut down', { status })
      this.#options.onShutDown?.(status)
    }
    return {}
  }

  async reportJobClientHeartbeat(request: ReportJobClientHeartbeatRequest): Promise<Acknowledge> {
    const { jobId, expiredTimestampMs } = request
    if (this.#runners.has(jobId)) this.#clientHeartbeats.report(jobId, expiredTimestampMs)
    else if (this.#completed.get(jobId) === undefined) throw new FlinkJobNotFoundError(jobId)
    return {}
  }

  protected override onStart(): void {
    this.serve(DISPATCHER_GATEWAY, this)
    this.#resources.start()
    this.#election.start({
      grantLeadership: (token) => this.mainThread.execute(() => this.#onGranted(token)),
      revokeLeadership: () => this.mainThread.execute(() => this.#onRevoked()),
    })
  }

  protected override async onStop(): Promise<void> {
    this.fencingToken = undefined
    this.#clientHeartbeats.close()
    this.#checkpoints.close()
    await Promise.all([this.#election.close(), this.#resources.close()])
    this.#endTerm()
    await this.#earlierTerms
  }

  async #onGranted(token: FencingToken): Promise<void> {
    this.log.info('Leadership was granted', { token: formatFencingToken(token) })
    this.#endTerm()
    const term = this.#createTerm(token)
    this.#term = term
    await this.#earlierTerms
    if (this.#term !== term) return
    try {
      await term.recover()
    } catch (error) {
      // It has been revoked meanwhile, or will hear of it.
      if (this.#term !== term || error instanceof LeadershipLostError) return
      throw error
    }
    this.mainThread.execute(() => {
      if (this.#term !== term) return
      this.fencingToken = token
      term.start()
      const { address, endpointId } = this
      this.#election.confirmLeadership({ address, endpointId, token })
    })
  }

  #onRevoked(): void {
    this.log.warn('Leadership was revoked; jobs are suspended here')
    this.fencingToken = undefined
    this.#clientHeartbeats.close()
    this.#endTerm()
  }

  #createTerm(token: FencingToken): DispatcherTerm {
    const { highAvailability, log, blobs, configuration } = this.#options
    const stores = highAvailability.stores(token)
    return new DispatcherTerm({
      stores,
      cleanUpCheckpoints: (result, jobGraph) =>
        cleanUpCheckpoints({ ...this.#options, result, jobGraph, stores }),
      mainThread: this.mainThread,
      log: this.log,
      cleanup: this.#cleanup,
      keepResults: !configuration.get(HighAvailabilityOptions.JOB_RESULT_DELETE_ON_COMMIT),
      blobs: typeof blobs === 'function' ? blobs(token) : blobs,
      createRunner: (jobGraph, onJobEnded) =>
        new JobManagerRunner({
          jobMaster: { ...this.#options, jobGraph, log },
          election: highAvailability.leaderElection({ kind: 'jobmanager', jobId: jobGraph.jobId }),
          mainThread: this.mainThread,
          onJobEnded,
        }),
      onJobEnded: (info) => {
        this.#clientHeartbeats.remove(info.jobId)
        this.#completed.put(info)
        this.#checkpoints.jobEnded(info.jobId, () => this.#options.onJobEnded?.(info))
      },
    })
  }

  #endTerm(): void {
    const term = this.#term
    this.#term = undefined
    if (term === undefined) return
    this.fencingToken = undefined
    const ended = term.close().catch((error) => {
      // The next term must not hear of it: it would never serve.
      this.log.error('A term did not end in order', { error })
    })
    this.#earlierTerms = Promise.all([this.#earlierTerms, ended])
  }

  async #onClientExpired(jobId: string): Promise<void> {
    this.log.warn('The client of an attached job is gone; cancelling the job', { jobId })
    await this.#runners.get(jobId)?.cancel()
  }

  get #runners(): ReadonlyMap<string, JobManagerRunner> {
    return this.#term?.runners ?? NO_RUNNERS
  }

  #statusOf(jobId: string): JobStatus {
    return this.#runners.get(jobId)?.jobStatus ?? this.#completedJob(jobId).status
  }

  /** @throws FlinkError if the job does not run (yet, any more) */
  #runningJobMaster(jobId: string): JobMaster {
    const jobMaster = this.#runners.get(jobId)?.jobMaster
    if (jobMaster !== undefined) return jobMaster
    throw new JobNotRunningError(jobId, this.#statusOf(jobId))
  }

  /** @throws FlinkError if no JobMaster runs the job now; of one that has ended as of one that never was, as Flink's */
  #jobMasterOf(jobId: string): JobMaster {
    if (!this.#runners.has(jobId)) throw new FlinkJobNotFoundError(jobId)
    return this.#runningJobMaster(jobId)
  }

  /** @throws FlinkJobNotFoundError */
  #completedJob(jobId: string): ExecutionGraphInfo {
    const info = this.#completed.get(jobId)
    if (info === undefined) throw this.#term?.unreadable(jobId) ?? new FlinkJobNotFoundError(jobId)
    return info
  }
}
