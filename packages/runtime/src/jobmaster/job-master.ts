import assert from 'node:assert/strict'
import {
  type AllocationId,
  type Clock,
  Configuration,
  type FileSystems,
  FlinkError,
  type Logger,
  type Random,
} from '@flink-ts/core'
import { FencedRpcEndpoint, type FencingToken, type RpcService } from '@flink-ts/rpc'
import type { AssignedSlot } from '../executiongraph/execution.js'
import { ExecutionGraph } from '../executiongraph/execution-graph.js'
import { isTerminalJobStatus } from '../executiongraph/job-status.js'
import type { HighAvailabilityServices } from '../highavailability/high-availability-services.js'
import type { JobGraph } from '../jobgraph/job-graph.js'
import { toErrorInfo } from '../messages/error-info.js'
import { JOB_MASTER_GATEWAY } from '../messages/gateways.js'
import type {
  JobStatus,
  TaskExecutorToJobMasterHeartbeatPayload,
} from '../messages/messages.generated.js'
import { DefaultScheduler } from '../scheduler/default-scheduler.js'
import { createRestartStrategy } from '../scheduler/restart-strategy.js'
import { OperatorCoordinators } from './coordination/operator-coordinators.js'
import { DeploymentReconciler } from './deployment-reconciler.js'
import type { ExecutionGraphInfo } from './info/execution-graph-info.js'
import { initializeOnMaster, loadCoordinators, type ModuleLoader } from './job-initialization.js'
import { JobMasterHandler } from './job-master-handler.js'
import { type JobMasterSettings, jobMasterSettings } from './job-master-settings.js'
import { releaseResults } from './release-results.js'
import { ResourceManagerConnection } from './resource-manager-connection.js'
import { SlotPool } from './slotpool/slot-pool.js'
import { TaskDeployer } from './task-deployer.js'
import { TaskDeploymentDescriptors } from './task-deployment-descriptors.js'
import { TaskManagerConnections } from './task-manager-connections.js'
import { TaskMetricsCache } from './task-metrics-cache.js'

export interface JobMasterOptions {
  readonly jobGraph: JobGraph
  /** Of the cluster; the job's own goes over it. */
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
  /** This term of leadership for the job. */
  readonly fencingToken: FencingToken
  /** The job has ended, here or for good; told once, in the JobMaster's main thread. */
  readonly onJobTerminated: (info: ExecutionGraphInfo) => void
  readonly onFatalError?: (error: unknown) => void
}

/**
 * Runs one job during one term of leadership: gets slots, deploys, follows the tasks, restarts them,
 * and tells how the job ended. Closing it before that suspends the job.
 */
export class JobMaster extends FencedRpcEndpoint {
  readonly #options: JobMasterOptions
  readonly #settings: JobMasterSettings
  readonly #graph: ExecutionGraph
  readonly #slotPool: SlotPool
  readonly #scheduler: DefaultScheduler
  readonly #taskManagers: TaskManagerConnections
  readonly #resourceManager: ResourceManagerConnection
  readonly #deployer: TaskDeployer
  readonly #descriptors: TaskDeploymentDescriptors
  readonly #metrics: TaskMetricsCache
  readonly #reconciler: DeploymentReconciler
  #coordinators: OperatorCoordinators | undefined
  #disconnected: Promise<void> | undefined

  /** @throws IllegalConfigurationError */
  constructor(options: JobMasterOptions) {
    const { jobGraph, fencingToken } = options
    const { jobId } = jobGraph
    super({
      rpcService: options.rpcService,
      endpointId: `jobmanager_${jobId}_${fencingToken.epoch}`,
      log: options.log.child({ component: 'JobMaster', jobId }),
      clock: options.clock,
      fencingToken,
      ...(options.onFatalError === undefined ? {} : { onFatalError: options.onFatalError }),
    })
    this.#options = options
    const configuration = options.configuration
      .clone()
      .merge(Configuration.fromMap(jobGraph.configuration))
    this.#settings = jobMasterSettings(configuration)
    const restartStrategy = createRestartStrategy(configuration, options)
    const settings = this.#settings
    const { log, clock, mainThread } = this
    const execute = (action: () => void) => mainThread.execute(action)
    const schedule = (delayMs: number, action: () => void) => mainThread.schedule(delayMs, action)
    const gateway = (resourceId: string) => this.#taskManagers.gateway(resourceId)

    this.#graph = new ExecutionGraph({
      jobGraph,
      clock,
      random: options.random,
      log,
      attemptsHistorySize: settings.attemptsHistorySize,
      restartStrategy: restartStrategy.description,
    })
    this.#slotPool = new SlotPool({
      log,
      schedule,
      idleTimeoutMs: settings.slotIdleTimeoutMs,
      onRequirementChanged: () => this.#resourceManager.requirementsChanged(),
      freeSlot: (slot, reason) => this.#freeSlot(slot, reason),
    })
    this.#taskManagers = new TaskManagerConnections({
      rpcService: options.rpcService,
      mainThread,
      clock,
      log,
      heartbeat: settings.heartbeat,
      jobId,
      allocationIds: (resourceId) =>
        this.#slotPool.slotsOf(resourceId).map(({ allocationId }) => allocationId),
      onHeartbeat: (resourceId, payload) => this.#onHeartbeat(resourceId, payload),
      onLost: (resourceId, cause) => this.#onTaskManagerLost(resourceId, cause),
    })
    this.#resourceManager = new ResourceManagerConnection({
      rpcService: options.rpcService,
      mainThread,
      clock,
      log,
      retriever: options.highAvailability.leaderRetriever({ kind: 'resourcemanager' }),
      registration: settings.registration,
      heartbeat: settings.heartbeat,
      jobId,
      address: { address: this.address, endpointId: this.endpointId },
      token: fencingToken,
      resourceId: options.resourceId,
      requiredSlots: () => this.#slotPool.requiredSlots,
    })
    this.#deployer = new TaskDeployer({
      gateway,
      schedule,
      execute,
      log,
      failTask: (attemptId, cause, counts) => this.#scheduler.failTask(attemptId, cause, counts),
      slotRefused: (allocationId, cause) => this.#onSlotFailed(allocationId, cause),
    })
    this.#descriptors = new TaskDeploymentDescriptors(
      this.#graph,
      { address: this.address, endpointId: this.endpointId },
      fencingToken,
    )
    this.#metrics = new TaskMetricsCache({ graph: this.#graph, gateway, clock, log })
    this.#reconciler = new DeploymentReconciler({
      graph: this.#graph,
      gateway,
      log,
      failTask: (attemptId, cause) => this.#scheduler.failTask(attemptId, cause),
    })
    this.#scheduler = new DefaultScheduler({
      graph: this.#graph,
      slots: this.#slotPool,
      restartStrategy,
      failoverStrategy: settings.failoverStrategy,
      schedule,
      slotRequestTimeoutMs: settings.slotRequestTimeoutMs,
      exceptionHistorySize: settings.exceptionHistorySize,
      clock,
      log,
      operations: {
        deploy: (vertices) => {
          for (const vertex of vertices) {
            this.#deployer.submit(vertex.current, this.#descriptors.create(vertex))
          }
        },
        cancelOnTaskManager: (execution) => this.#deployer.cancel(execution),
        executionEnded: (vertex) => this.#coordinators?.executionEnded(vertex),
        subtasksReset: (vertices) => {
          releaseResults(vertices, { jobId, gateway, log })
          this.#coordinators?.subtasksReset(vertices)
        },
        jobTerminated: (status) => this.#onJobTerminated(status),
      },
    })
  }

  /** The job's status; any thread of control may read it. */
  get jobStatus(): JobStatus {
    return this.#graph.status
  }

  /** A picture of the job as it stands. */
  executionGraphInfo(): ExecutionGraphInfo {
    const { exceptionHistory, waitingFor } = this.#scheduler
    return this.#graph.toInfo({
      waitingFor,
      exceptionHistory: exceptionHistory.entries,
      exceptionHistoryTruncated: exceptionHistory.truncated,
    })
  }

  /** The picture with metrics at most a second old; asks the TaskManagers for them. */
  async requestJob(): Promise<ExecutionGraphInfo> {
    if (!isTerminalJobStatus(this.#graph.status)) await this.#metrics.refresh()
    return this.executionGraphInfo()
  }

  /** Begins to cancel the job; nothing happens if it has ended. */
  cancelJob(): Promise<void> {
    return this.mainThread.call(() => this.#scheduler.cancel())
  }

  protected override onStart(): void {
    this.serve(
      JOB_MASTER_GATEWAY,
      new JobMasterHandler({
        jobMaster: this,
        graph: this.#graph,
        scheduler: this.#scheduler,
        slotPool: this.#slotPool,
        taskManagers: this.#taskManagers,
        resourceManager: this.#resourceManager,
        coordinators: () => this.#coordinators,
        slotFailed: (allocationId, cause) => this.#onSlotFailed(allocationId, cause),
        resourceId: this.#options.resourceId,
        log: this.log,
      }),
    )
    void this.#initialize()
  }

  protected override async onStop(): Promise<void> {
    const cause = new FlinkError(
      `JobManager ${this.#options.resourceId} does not run job '${this.#graph.jobGraph.name}' any more`,
      { code: 'FLINK_JOB_SUSPENDED', retriable: true },
    )
    this.#scheduler.suspend(toErrorInfo(cause))
    await this.#disconnected
  }

  async #initialize(): Promise<void> {
    const { jobGraph, loadModule, fileSystems } = this.#options
    try {
      const factories = await loadCoordinators(jobGraph, loadModule, fileSystems)
      await initializeOnMaster(jobGraph, loadModule, fileSystems)
      this.mainThread.execute(() => {
        if (this.#graph.status === 'INITIALIZING') this.#startJob(factories)
      })
    } catch (error) {
      this.mainThread.execute(() => this.#onInitializationFailed(error))
    }
  }

  #startJob(factories: Awaited<ReturnType<typeof loadCoordinators>>): void {
    try {
      this.#coordinators = this.#createCoordinators(factories)
    } catch (error) {
      this.#onInitializationFailed(error)
      return
    }
    this.#scheduler.initialized()
    this.#resourceManager.start()
    this.#coordinators.start()
    this.#scheduler.startScheduling()
  }

  #onInitializationFailed(error: unknown): void {
    if (this.#graph.status !== 'INITIALIZING') return
    this.log.warn('The job could not be initialized', { error })
    this.#scheduler.initializationFailed(toErrorInfo(error))
  }

  #createCoordinators(
    factories: Awaited<ReturnType<typeof loadCoordinators>>,
  ): OperatorCoordinators {
    const { mainThread } = this
    return new OperatorCoordinators({
      graph: this.#graph,
      factories,
      log: this.log,
      execute: (action) => mainThread.execute(action),
      schedule: (delayMs, action) => mainThread.schedule(delayMs, action),
      sendToTask: (execution, event) => {
        const gateway =
          execution.slot && this.#taskManagers.gateway(execution.slot.location.resourceId)
        assert(gateway !== undefined, `attempt ${execution.attemptId} runs on a TaskManager`)
        return gateway.sendOperatorEventToTask(event)
      },
      failTask: (execution, error) =>
        this.#scheduler.failTask(execution.attemptId, toErrorInfo(error)),
      // Later: it may come from amidst a change of the scheduler's own.
      failJob: (error) =>
        mainThread.execute(() => this.#scheduler.failGlobally(toErrorInfo(error))),
    })
  }

  #onHeartbeat(resourceId: string, payload: TaskExecutorToJobMasterHeartbeatPayload): void {
    this.#metrics.update(payload.metrics)
    this.#reconciler.reconcile(resourceId, payload.deployment)
  }

  #onTaskManagerLost(resourceId: string, cause: Error): void {
    const slots = this.#slotPool.removeTaskManager(resourceId)
    this.#scheduler.slotsLost(
      slots.map(({ allocationId }) => allocationId),
      resourceId,
      toErrorInfo(cause),
    )
  }

  #onSlotFailed(allocationId: AllocationId, cause: ReturnType<typeof toErrorInfo>): void {
    if (this.#slotPool.removeSlot(allocationId) === undefined) return
    this.#scheduler.slotsLost([allocationId], undefined, cause)
  }

  #freeSlot({ allocationId, location }: AssignedSlot, reason: string): void {
    const cause = new FlinkError(`Slot ${allocationId} was given back: ${reason}`, {
      code: 'FLINK_SLOT_RELEASED',
    })
    this.#taskManagers
      .gateway(location.resourceId)
      ?.freeSlot({ allocationId, cause: toErrorInfo(cause) })
      .catch((error) => {
        // The next heartbeat names the slots that this job still holds.
        this.log.info('Giving a slot back failed', { allocationId, error })
      })
  }

  #onJobTerminated(status: JobStatus): void {
    this.#coordinators?.close()
    if (status !== 'SUSPENDED') this.#slotPool.releaseAll('the job has ended')
    const { jobId, name } = this.#graph.jobGraph
    const cause = toErrorInfo(
      new FlinkError(`Job '${name}' has ended here: ${status}`, { code: 'FLINK_JOB_ENDED' }),
    )
    const goodbyes = this.#taskManagers.resourceIds.map((resourceId) =>
      this.#taskManagers
        .gateway(resourceId)
        ?.disconnectJobMaster({ jobId, cause })
        .catch((error) => {
          this.log.debug('A TaskManager was not told of the end of a job', { resourceId, error })
        }),
    )
    this.#taskManagers.close()
    this.#disconnected = Promise.all([...goodbyes, this.#resourceManager.close(status)]).then(
      () => {},
    )
    this.#options.onJobTerminated(this.executionGraphInfo())
  }
}
