import {
  type Clock,
  type Configuration,
  type FileSystems,
  HighAvailabilityOptions,
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
import type { JobGraph } from '../jobgraph/job-graph.js'
import { parseJobGraph } from '../jobgraph/parse-job-graph.js'
import type { ExecutionGraphInfo } from '../jobmaster/info/execution-graph-info.js'
import type { ModuleLoader } from '../jobmaster/job-initialization.js'
import { DISPATCHER_GATEWAY } from '../messages/gateways.js'
import type {
  Acknowledge,
  ApplicationStatus,
  CancelJobRequest,
  ClusterOverview,
  DispatcherGateway,
  DisposeSavepointRequest,
  JobResourceRequirements,
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
import {
  DuplicateJobSubmissionError,
  FlinkJobNotFoundError,
  FlinkJobTerminatedWithoutCancellationError,
} from './dispatcher-errors.js'
import { DispatcherTerm } from './dispatcher-term.js'
import { JobClientHeartbeats } from './job-client-heartbeats.js'
import { JobManagerRunner } from './job-manager-runner.js'
import { KnownJobs } from './known-jobs.js'
import { ResourceOverviewClient } from './resource-overview-client.js'
import { SuccessiveTerms } from './successive-terms.js'

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
  /** The ResourceManager's driver starts TaskManagers as jobs need them. Default false: somebody else does. */
  readonly startsTaskManagers?: boolean
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

/** Accepts jobs, runs a JobMaster for each, and remembers those that ended. */
export class Dispatcher extends FencedRpcEndpoint implements DispatcherGateway {
  readonly #options: DispatcherOptions
  readonly #election: LeaderElection
  readonly #cleanup: CleanupSettings
  /** The present one serves when `fencingToken` is set. */
  readonly #terms: SuccessiveTerms
  readonly #jobs: KnownJobs
  readonly #clientHeartbeats: JobClientHeartbeats
  readonly #resources: ResourceOverviewClient
  readonly #checkpoints: CheckpointCalls
  #shutDownTold = false

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
    this.#terms = new SuccessiveTerms(this.log)
    this.#jobs = new KnownJobs({ ...options, term: () => this.#terms.current })
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
      jobMasterOf: (jobId) => this.#jobs.jobMasterOf(jobId),
      runningJobs: () => this.#jobs.running,
      schedule: (delayMs, action) => this.mainThread.schedule(delayMs, action),
      endedJob: (jobId) => this.#jobs.remembered(jobId),
    })
  }

  async submitJob({ jobGraph: bytes }: SubmitJobRequest): Promise<Acknowledge> {
    const jobGraph = parseJobGraph(bytes)
    const { jobId, program } = jobGraph
    if (program !== undefined) checkClientCompatibility(program, this.#options.clusterVersion)
    this.#options.checkJob?.(jobGraph)
    if (this.#jobs.remembered(jobId) !== undefined)
      throw new DuplicateJobSubmissionError(jobId, true)
    const term = this.#terms.current
    if (term === undefined) throw new NotLeaderError({ target: this.endpointId })
    await term.submit(jobGraph)
    return {}
  }

  async listJobs(): Promise<ListJobsResponse> {
    return { jobs: this.#jobs.list() }
  }

  async requestMultipleJobDetails(): Promise<RequestMultipleJobDetailsResponse> {
    return { jobs: this.#jobs.details() }
  }

  async requestJob({ jobId }: RequestJobRequest): Promise<RequestJobResponse> {
    const info = await this.#jobs.info(jobId)
    return { executionGraph: Buffer.from(JSON.stringify(info)) }
  }

  async requestJobStatus({ jobId }: RequestJobRequest): Promise<RequestJobStatusResponse> {
    return { status: this.#jobs.status(jobId) }
  }

  async requestJobResult({ jobId }: RequestJobRequest): Promise<RequestJobResultResponse> {
    const result = await this.#jobs.result(jobId)
    return result === undefined ? {} : { result }
  }

  async requestJobResourceRequirements({
    jobId,
  }: RequestJobRequest): Promise<JobResourceRequirements> {
    return this.#jobs.runningJobMaster(jobId).requestResourceRequirements()
  }

  async updateJobResourceRequirements(
    request: UpdateJobResourceRequirementsRequest,
  ): Promise<Acknowledge> {
    const { jobId, requirements } = request
    this.#jobs.runningJobMaster(jobId)
    await this.#terms.current?.updateResourceRequirements(jobId, requirements)
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
    const runner = this.#jobs.runners.get(jobId)
    if (runner !== undefined) {
      await runner.cancel()
      return {}
    }
    const { status } = this.#jobs.ended(jobId)
    if (status === 'CANCELED') return {}
    throw new FlinkJobTerminatedWithoutCancellationError(jobId, status)
  }

  async requestClusterOverview(): Promise<ClusterOverview> {
    const resources = await this.#resources.request()
    return {
      taskManagers: resources.taskManagers,
      slotsTotal: resources.slotsTotal,
      slotsAvailable: resources.slotsAvailable,
      ...this.#jobs.count(),
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
    if (this.#jobs.runners.has(jobId)) this.#clientHeartbeats.report(jobId, expiredTimestampMs)
    else if (this.#jobs.remembered(jobId) === undefined) throw new FlinkJobNotFoundError(jobId)
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
    await this.#terms.close()
  }

  async #onGranted(token: FencingToken): Promise<void> {
    this.log.info('Leadership was granted', { token: formatFencingToken(token) })
    this.fencingToken = undefined
    const term = await this.#terms.begin(() => this.#createTerm(token))
    if (term === undefined) return
    this.mainThread.execute(() => {
      if (this.#terms.current !== term) return
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
    this.#terms.end()
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
        this.#jobs.remember(info)
        this.#checkpoints.jobEnded(info.jobId, () => this.#options.onJobEnded?.(info))
      },
    })
  }

  async #onClientExpired(jobId: string): Promise<void> {
    this.log.warn('The client of an attached job is gone; cancelling the job', { jobId })
    await this.#jobs.runners.get(jobId)?.cancel()
  }
}
