import {
  type Clock,
  type Configuration,
  type FileSystems,
  JobStoreOptions,
  type Logger,
  type Random,
} from '@flink-ts/core'
import { FencedRpcEndpoint, type FencingToken, type RpcService } from '@flink-ts/rpc'
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
  JobStatus,
  ListJobsResponse,
  ReportJobClientHeartbeatRequest,
  RequestJobRequest,
  RequestJobResponse,
  RequestJobResultResponse,
  RequestJobStatusResponse,
  RequestMultipleJobDetailsResponse,
  ShutDownClusterRequest,
  SubmitJobRequest,
} from '../messages/messages.generated.js'
import { type ClusterVersion, checkClientCompatibility } from './client-compatibility.js'
import { CompletedJobs } from './completed-jobs.js'
import {
  DuplicateJobSubmissionError,
  FlinkJobNotFoundError,
  FlinkJobTerminatedWithoutCancellationError,
} from './dispatcher-errors.js'
import { JobClientHeartbeats } from './job-client-heartbeats.js'
import { jobDetailsOf, jobResultOf } from './job-details.js'
import { JobManagerRunner } from './job-manager-runner.js'
import { ResourceOverviewClient } from './resource-overview-client.js'

/** Keeps the blobs of jobs that have not ended. A `BlobServer` is one. */
export interface JobBlobs {
  registerJob(jobId: string, keys: readonly string[]): Promise<void>
  releaseJob(jobId: string): Promise<void>
}

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
  readonly blobs?: JobBlobs
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
  readonly #runners = new Map<string, JobManagerRunner>()
  /** Ids of jobs that are being submitted. */
  readonly #submitting = new Set<string>()
  readonly #completed: CompletedJobs
  readonly #clientHeartbeats: JobClientHeartbeats
  readonly #resources: ResourceOverviewClient
  /** Runners and clean-ups that go on after their job left `#runners`. */
  readonly #ending = new Set<Promise<void>>()
  #shutDownTold = false
  /** The latest grant; recovery of jobs may still go on. */
  #grantedToken: FencingToken | undefined

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
  }

  async submitJob({ jobGraph: bytes }: SubmitJobRequest): Promise<Acknowledge> {
    const jobGraph = parseJobGraph(bytes)
    const { jobId, program } = jobGraph
    if (program !== undefined) checkClientCompatibility(program, this.#options.clusterVersion)
    const completed = this.#completed.get(jobId) !== undefined
    if (completed || this.#runners.has(jobId) || this.#submitting.has(jobId)) {
      throw new DuplicateJobSubmissionError(jobId, completed)
    }
    const token = this.fencingToken
    this.#submitting.add(jobId)
    try {
      if (program?.bundleKey !== undefined) {
        await this.#options.blobs?.registerJob(jobId, [program.bundleKey])
      }
      await this.#options.highAvailability.stores(token!).jobGraphs.putJobGraph(jobGraph)
    } catch (error) {
      if (this.#options.blobs !== undefined) this.#track(this.#options.blobs.releaseJob(jobId))
      throw error
    } finally {
      this.#submitting.delete(jobId)
    }
    this.log.info('Job was submitted', { jobId, job: jobGraph.name })
    // Another leader, or this one's next term, finds the job in the store.
    if (this.fencingToken === token && !this.mainThread.isClosed) this.#runJob(jobGraph)
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
    return { result: jobResultOf(this.#completedJob(jobId)) }
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
    this.#grantedToken = undefined
    this.fencingToken = undefined
    this.#clientHeartbeats.close()
    await Promise.all([this.#election.close(), this.#resources.close()])
    this.#closeRunners()
    await Promise.all(this.#ending)
  }

  async #onGranted(token: FencingToken): Promise<void> {
    this.log.info('Leadership was granted', { epoch: token.epoch })
    this.#grantedToken = token
    this.fencingToken = undefined
    this.#closeRunners()
    await Promise.all(this.#ending)
    const jobGraphStore = this.#options.highAvailability.stores(token).jobGraphs
    const jobGraphs: JobGraph[] = []
    for (const jobId of await jobGraphStore.getJobIds()) {
      const jobGraph = await jobGraphStore.getJobGraph(jobId)
      if (jobGraph !== undefined) jobGraphs.push(jobGraph)
    }
    this.mainThread.execute(() => {
      // It may have been revoked meanwhile.
      if (this.#grantedToken !== token) return
      this.fencingToken = token
      for (const jobGraph of jobGraphs) {
        this.log.info('Recovered a job', { jobId: jobGraph.jobId, job: jobGraph.name })
        this.#runJob(jobGraph)
      }
      const { address, endpointId } = this
      this.#election.confirmLeadership({ address, endpointId, token })
    })
  }

  #onRevoked(): void {
    this.log.warn('Leadership was revoked; jobs are suspended here')
    this.#grantedToken = undefined
    this.fencingToken = undefined
    this.#closeRunners()
  }

  #runJob(jobGraph: JobGraph): void {
    const { jobId } = jobGraph
    if (this.#runners.has(jobId)) return
    const { highAvailability, log } = this.#options
    const runner = new JobManagerRunner({
      jobMaster: { ...this.#options, jobGraph, log },
      election: highAvailability.leaderElection({ kind: 'jobmanager', jobId }),
      mainThread: this.mainThread,
      onJobEnded: (info) => this.#onJobEnded(runner, info),
    })
    this.#runners.set(jobId, runner)
    runner.start()
  }

  #onJobEnded(runner: JobManagerRunner, info: ExecutionGraphInfo): void {
    const { jobId, status } = info
    if (this.#runners.get(jobId) !== runner) return
    this.log.info('Job has ended', { jobId, job: info.name, status })
    this.#runners.delete(jobId)
    this.#clientHeartbeats.remove(jobId)
    this.#completed.put(info)
    this.#track(this.#cleanUp(runner, jobId))
    this.#options.onJobEnded?.(info)
  }

  async #cleanUp(runner: JobManagerRunner, jobId: string): Promise<void> {
    await runner.close()
    await this.#options.highAvailability.stores(this.fencingToken!).jobGraphs.removeJobGraph(jobId)
    await this.#options.blobs?.releaseJob(jobId)
  }

  #closeRunners(): void {
    for (const runner of this.#runners.values()) this.#track(runner.close())
    this.#runners.clear()
  }

  #track(work: Promise<void>): void {
    const tracked = work
      .catch((error) => this.log.error('Cleaning up after a job failed', { error }))
      .finally(() => this.#ending.delete(tracked))
    this.#ending.add(tracked)
  }

  async #onClientExpired(jobId: string): Promise<void> {
    this.log.warn('The client of an attached job is gone; cancelling the job', { jobId })
    await this.#runners.get(jobId)?.cancel()
  }

  #statusOf(jobId: string): JobStatus {
    return this.#runners.get(jobId)?.jobStatus ?? this.#completedJob(jobId).status
  }

  /** @throws FlinkJobNotFoundError */
  #completedJob(jobId: string): ExecutionGraphInfo {
    const info = this.#completed.get(jobId)
    if (info === undefined) throw new FlinkJobNotFoundError(jobId)
    return info
  }
}
