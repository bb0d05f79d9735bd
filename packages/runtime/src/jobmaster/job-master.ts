import { type AllocationId, FlinkError } from '@flink-ts/core'
import { networkShuffleMaster } from '@flink-ts/network'
import { FencedRpcEndpoint } from '@flink-ts/rpc'
import { withOwnVertices } from '../checkpoint/adopt-max-parallelism.js'
import { isTerminalJobStatus } from '../executiongraph/job-status.js'
import { LeadershipLostError } from '../highavailability/store/store-errors.js'
import { toErrorInfo } from '../messages/error-info.js'
import { JOB_MASTER_GATEWAY } from '../messages/gateways.js'
import type {
  JobResourceRequirements,
  JobStatus,
  TaskExecutorToJobMasterHeartbeatPayload,
} from '../messages/messages.generated.js'
import type { Scheduler } from '../scheduler/scheduler.js'
import type { OperatorCoordinators } from './coordination/operator-coordinators.js'
import { createCoordinators } from './create-coordinators.js'
import type { ExecutionGraphInfo } from './info/execution-graph-info.js'
import { type InitializedJob, initializeJob } from './initialize-job.js'
import type { JobCheckpointing } from './job-checkpointing.js'
import {
  configurationOf,
  createJobMasterComponents,
  type JobMasterComponents,
} from './job-master-components.js'
import { JobMasterHandler } from './job-master-handler.js'
import type { JobMasterOptions } from './job-master-options.js'
import { JOB_SUSPENDED_CODE } from './job-suspended.js'
import { releaseConsumedResults, releaseResults } from './release-results.js'
import {
  checkRequirementsOf,
  requestRequirements,
  updateRequirements,
} from './resource-requirements.js'

export type { JobMasterOptions } from './job-master-options.js'

/**
 * Runs one job during one term of leadership: gets slots, deploys, follows the tasks, restarts them,
 * and tells how the job ended. Closing it before that suspends the job.
 */
export class JobMaster extends FencedRpcEndpoint {
  readonly #options: JobMasterOptions
  readonly #components: JobMasterComponents
  #coordinators: OperatorCoordinators | undefined
  #checkpointing: JobCheckpointing | undefined
  #disconnected: Promise<void> | undefined
  #wasInitialized = () => {}
  readonly #initialized = new Promise<void>((resolve) => {
    this.#wasInitialized = resolve
  })

  /** @throws IllegalConfigurationError */
  constructor(options: JobMasterOptions) {
    const { fencingToken } = options
    const jobGraph = withOwnVertices(options.jobGraph)
    const { jobId } = jobGraph
    super({
      rpcService: options.rpcService,
      endpointId: `jobmanager_${jobId}_${fencingToken.epoch}`,
      log: options.log.child({ component: 'JobMaster', jobId }),
      clock: options.clock,
      fencingToken,
      ...(options.onFatalError === undefined ? {} : { onFatalError: options.onFatalError }),
    })
    this.#options = { ...options, jobGraph }
    const { address, endpointId, mainThread, clock, log } = this
    const shuffleMaster = options.shuffleMaster ?? networkShuffleMaster
    shuffleMaster.registerJob(jobId)
    const gateway = (resourceId: string) => this.#components.taskManagers.gateway(resourceId)
    const release = { jobId, gateway, shuffleMaster, log }
    this.#components = createJobMasterComponents(
      { ...this.#options, shuffleMaster },
      { address, endpointId, mainThread, clock, log },
      {
        heartbeat: (resourceId, payload) => this.#onHeartbeat(resourceId, payload),
        taskManagerLost: (resourceId, cause) => this.#onTaskManagerLost(resourceId, cause),
        slotFailed: (allocationId, cause) => this.#onSlotFailed(allocationId, cause),
        executionEnded: (vertex) => {
          this.#coordinators?.executionEnded(vertex)
          this.#checkpointing?.executionEnded(vertex)
        },
        latestCompletedCheckpointId: () => this.#checkpointing?.latestCompletedId ?? 0n,
        taskCheckpointing: () => this.#checkpointing?.taskCheckpointing,
        taskRestore: (vertex) => this.#checkpointing?.taskRestore(vertex),
        prepareRestart: (proceed) => {
          if (this.#checkpointing === undefined) proceed()
          else this.#checkpointing.prepareRestart(proceed)
        },
        resultsConsumed: (results) => releaseConsumedResults(results, release),
        subtasksReset: (vertices) => {
          releaseResults(vertices, release)
          this.#checkpointing?.subtasksReset(vertices)
          this.#coordinators?.subtasksReset(vertices, this.#checkpointing?.restored)
        },
        graphReplaced: () => {
          this.#checkpointing?.graphReplaced()
          this.#coordinators?.graphReplaced(this.#checkpointing?.restored)
        },
        jobTerminated: (status) => this.#onJobTerminated(status),
      },
    )
  }

  /** The job's status; any thread of control may read it. */
  get jobStatus(): JobStatus {
    return this.#scheduler.jobStatus
  }

  /** Whether the job may begin with the checkpoint or savepoint in this folder again. */
  mayRestore(directory: string): boolean {
    return this.#checkpointing?.mayRestore(directory) ?? false
  }

  /** A picture of the job as it stands. */
  executionGraphInfo(): ExecutionGraphInfo {
    return this.#scheduler.requestJob()
  }

  /** The picture with metrics at most a second old; asks the TaskManagers for them. */
  async requestJob(): Promise<ExecutionGraphInfo> {
    if (!isTerminalJobStatus(this.#scheduler.jobStatus)) await this.#components.metrics.refresh()
    return this.executionGraphInfo()
  }

  /** Begins to cancel the job; nothing happens if it has ended. */
  cancelJob(): Promise<void> {
    return this.mainThread.call(() => this.#scheduler.cancel())
  }

  /**
   * Has the sources end their input, so that the job goes to its end: FINISHED. Nothing happens if it has
   * ended.
   *
   * @param drain event time goes to its end first, so that windows and timers fire
   * @throws FlinkError FLINK_STOP_REFUSED without drain: that needs a savepoint to go on from
   */
  stopJob(drain: boolean): Promise<void> {
    return this.mainThread.call(() => {
      const { name } = this.#options.jobGraph
      if (isTerminalJobStatus(this.#scheduler.jobStatus)) return
      if (!drain) {
        throw stopRefused(name, 'without draining it needs a savepoint; stop it with one')
      }
      if (this.#coordinators === undefined) throw stopRefused(name, 'it is being initialized')
      this.#coordinators.stopSources()
    })
  }

  /** @throws RescalingUnsupportedError */
  requestResourceRequirements(): Promise<JobResourceRequirements> {
    const { jobId } = this.#options.jobGraph
    return this.mainThread.call(() => requestRequirements(jobId, this.#scheduler))
  }

  /**
   * @param keep has later leaders know the requirements; awaited before they take effect. Not called with
   *   some that are refused
   * @throws RescalingUnsupportedError, InvalidResourceRequirementsError, and what `keep` rejects with
   */
  async updateResourceRequirements(
    requirements: JobResourceRequirements,
    keep: () => Promise<void> = async () => {},
  ): Promise<void> {
    const { jobGraph } = this.#options
    await this.mainThread.call(() => checkRequirementsOf(jobGraph, this.#scheduler, requirements))
    await keep()
    await this.mainThread.call(() =>
      updateRequirements(jobGraph.jobId, this.#scheduler, requirements),
    )
  }

  protected override onStart(): void {
    this.serve(
      JOB_MASTER_GATEWAY,
      new JobMasterHandler({
        jobMaster: this,
        jobId: this.#options.jobGraph.jobId,
        ...this.#components,
        initialized: this.#initialized,
        coordinators: () => this.#coordinators,
        checkpointing: () => this.#checkpointing,
        slotFailed: (allocationId, cause) => this.#onSlotFailed(allocationId, cause),
        resourceId: this.#options.resourceId,
        log: this.log,
      }),
    )
    void this.#initialize()
  }

  protected override async onStop(): Promise<void> {
    const cause = new FlinkError(
      `JobManager ${this.#options.resourceId} does not run job '${this.#options.jobGraph.name}' any more`,
      { code: 'FLINK_JOB_SUSPENDED', retriable: true },
    )
    this.#scheduler.suspend(toErrorInfo(cause))
    this.#components.explanations.proceed()
    await this.#disconnected
    // Who closes this knows that later leaders know how the job ended.
    await this.#checkpointing?.shutdown(this.#scheduler.jobStatus)
  }

  get #scheduler(): Scheduler {
    return this.#components.scheduler
  }

  async #initialize(): Promise<void> {
    const { highAvailability, fencingToken } = this.#options
    const { mainThread } = this
    try {
      const initialized = await initializeJob({
        ...this.#options,
        configuration: configurationOf(this.#options),
        stores: () => highAvailability.stores(fencingToken),
        graph: () => this.#scheduler.executionGraph,
        gateway: (resourceId) => this.#components.taskManagers.gateway(resourceId),
        scheduler: () => this.#scheduler,
        schedule: (delayMs, action) => mainThread.schedule(delayMs, action),
        execute: (action) => mainThread.execute(action),
        log: this.log,
      })
      mainThread.execute(() => {
        if (this.#scheduler.jobStatus === 'INITIALIZING') this.#startJob(initialized)
      })
    } catch (error) {
      // The revocation follows; the job itself goes on with the next leader.
      if (error instanceof LeadershipLostError) return
      mainThread.execute(() => this.#onInitializationFailed(error))
    }
  }

  #startJob({ factories, checkpointing }: InitializedJob): void {
    try {
      this.#coordinators = createCoordinators({
        factories,
        scheduler: this.#scheduler,
        gateway: (resourceId) => this.#components.taskManagers.gateway(resourceId),
        oldestKept: () => checkpointing?.oldestKept ?? 0n,
        mainThread: this.mainThread,
        log: this.log,
      })
    } catch (error) {
      this.#onInitializationFailed(error)
      return
    }
    this.#checkpointing = checkpointing
    checkpointing?.start(this.#coordinators)
    this.#scheduler.initialized()
    this.#components.resourceManager.start()
    this.#coordinators.start(checkpointing?.restored)
    this.#scheduler.startScheduling()
    this.#wasInitialized()
  }

  #onInitializationFailed(error: unknown): void {
    if (this.#scheduler.jobStatus !== 'INITIALIZING') return
    this.log.warn('The job could not be initialized', { error })
    this.#scheduler.initializationFailed(toErrorInfo(error))
  }

  #onHeartbeat(resourceId: string, payload: TaskExecutorToJobMasterHeartbeatPayload): void {
    this.#components.metrics.update(payload.metrics)
    this.#components.reconciler.reconcile(resourceId, payload.deployment)
  }

  #onTaskManagerLost(resourceId: string, cause: Error): void {
    this.#components.reconciler.forget(resourceId)
    const slots = this.#components.slotPool.removeTaskManager(resourceId)
    this.#scheduler.slotsLost(
      slots.map(({ allocationId }) => allocationId),
      resourceId,
      this.#components.explanations.lost(resourceId, cause),
    )
  }

  #onSlotFailed(allocationId: AllocationId, cause: ReturnType<typeof toErrorInfo>): void {
    if (this.#components.slotPool.removeSlot(allocationId) === undefined) return
    this.#scheduler.slotsLost([allocationId], undefined, cause)
  }

  #archivedCheckpoints(): Pick<ExecutionGraphInfo, 'checkpoints'> {
    const { jobId } = this.#options.jobGraph
    const overview = this.#checkpointing?.statisticsOf({ jobId, kind: 'OVERVIEW' })
    const config = this.#checkpointing?.statisticsOf({ jobId, kind: 'CONFIG' })
    return overview === undefined || config === undefined
      ? {}
      : { checkpoints: { overview, config } }
  }

  #onJobTerminated(status: JobStatus): void {
    this.#wasInitialized()
    this.#coordinators?.close()
    this.#checkpointing?.jobTerminated(status)
    if (status !== 'SUSPENDED') this.#components.slotPool.releaseAll('the job has ended')
    const { jobId, name } = this.#options.jobGraph
    const cause = toErrorInfo(
      new FlinkError(`Job '${name}' has ended here: ${status}`, {
        code: status === 'SUSPENDED' ? JOB_SUSPENDED_CODE : 'FLINK_JOB_ENDED',
      }),
    )
    const told = this.#components.taskManagers.close(cause)
    this.#options.shuffleMaster?.unregisterJob(jobId)
    this.#disconnected = Promise.all([told, this.#components.resourceManager.close(status)]).then(
      () => {},
    )
    this.#options.onJobTerminated({ ...this.executionGraphInfo(), ...this.#archivedCheckpoints() })
  }
}

function stopRefused(job: string, reason: string): FlinkError {
  return new FlinkError(`Cannot stop job '${job}': ${reason}; it can be cancelled`, {
    code: 'FLINK_STOP_REFUSED',
  })
}
