import assert from 'node:assert/strict'
import { type AllocationId, FlinkError } from '@flink-ts/core'
import { networkShuffleMaster } from '@flink-ts/network'
import { FencedRpcEndpoint } from '@flink-ts/rpc'
import type { AssignedSlot } from '../executiongraph/execution.js'
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
import { OperatorCoordinators } from './coordination/operator-coordinators.js'
import type { ExecutionGraphInfo } from './info/execution-graph-info.js'
import { InitializedOutputs } from './initialized-outputs.js'
import { initializeOnMaster, loadCoordinators } from './job-initialization.js'
import { createJobMasterComponents, type JobMasterComponents } from './job-master-components.js'
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
    const { address, endpointId, mainThread, clock, log } = this
    const shuffleMaster = options.shuffleMaster ?? networkShuffleMaster
    shuffleMaster.registerJob(jobId)
    const gateway = (resourceId: string) => this.#components.taskManagers.gateway(resourceId)
    const release = { jobId, gateway, shuffleMaster, log }
    this.#components = createJobMasterComponents(
      { ...options, shuffleMaster },
      { address, endpointId, mainThread, clock, log },
      {
        heartbeat: (resourceId, payload) => this.#onHeartbeat(resourceId, payload),
        taskManagerLost: (resourceId, cause) => this.#onTaskManagerLost(resourceId, cause),
        slotFailed: (allocationId, cause) => this.#onSlotFailed(allocationId, cause),
        freeSlot: (slot, reason) => this.#freeSlot(slot, reason),
        executionEnded: (vertex) => this.#coordinators?.executionEnded(vertex),
        resultsConsumed: (results) => releaseConsumedResults(results, release),
        subtasksReset: (vertices) => {
          releaseResults(vertices, release)
          this.#coordinators?.subtasksReset(vertices)
        },
        graphReplaced: () => this.#coordinators?.graphReplaced(),
        jobTerminated: (status) => this.#onJobTerminated(status),
      },
    )
  }

  /** The job's status; any thread of control may read it. */
  get jobStatus(): JobStatus {
    return this.#scheduler.jobStatus
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
        throw stopRefused(
          name,
          'without draining it needs a savepoint, and there are none in this release',
        )
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
      `JobManager ${this.#options.resourceId} does not run job '${this.#options.jobGraph.name}' any more`,
      { code: 'FLINK_JOB_SUSPENDED', retriable: true },
    )
    this.#scheduler.suspend(toErrorInfo(cause))
    await this.#disconnected
  }

  get #scheduler(): Scheduler {
    return this.#components.scheduler
  }

  async #initialize(): Promise<void> {
    const { jobGraph, loadModule, fileSystems } = this.#options
    try {
      const factories = await loadCoordinators(jobGraph, loadModule, fileSystems)
      await this.#initializeOutputs()
      this.mainThread.execute(() => {
        if (this.#scheduler.jobStatus === 'INITIALIZING') this.#startJob(factories)
      })
    } catch (error) {
      // The revocation follows; the job itself goes on with the next leader.
      if (error instanceof LeadershipLostError) return
      this.mainThread.execute(() => this.#onInitializationFailed(error))
    }
  }

  /** @throws LeadershipLostError, JobInitializationError */
  async #initializeOutputs(): Promise<void> {
    const { jobGraph, loadModule, fileSystems, highAvailability, fencingToken } = this.#options
    const hasOutputs = jobGraph.vertices.some(({ operators }) =>
      operators.some((operator) => operator.initializeOnMaster !== undefined),
    )
    if (!hasOutputs) return
    const initialized = new InitializedOutputs(
      highAvailability.stores(fencingToken).jobNamespace(jobGraph.jobId, 'jobmaster'),
      (delayMs, action) => this.mainThread.schedule(delayMs, action),
    )
    const isRecovered = await initialized.has()
    await initializeOnMaster(jobGraph, loadModule, { fileSystems, isRecovered })
    if (!isRecovered) await initialized.add()
  }

  #startJob(factories: Awaited<ReturnType<typeof loadCoordinators>>): void {
    try {
      this.#coordinators = this.#createCoordinators(factories)
    } catch (error) {
      this.#onInitializationFailed(error)
      return
    }
    this.#scheduler.initialized()
    this.#components.resourceManager.start()
    this.#coordinators.start()
    this.#scheduler.startScheduling()
  }

  #onInitializationFailed(error: unknown): void {
    if (this.#scheduler.jobStatus !== 'INITIALIZING') return
    this.log.warn('The job could not be initialized', { error })
    this.#scheduler.initializationFailed(toErrorInfo(error))
  }

  #createCoordinators(
    factories: Awaited<ReturnType<typeof loadCoordinators>>,
  ): OperatorCoordinators {
    const { mainThread } = this
    return new OperatorCoordinators({
      graph: () => this.#scheduler.executionGraph,
      factories,
      oldestKept: () => 0n,
      log: this.log,
      execute: (action) => mainThread.execute(action),
      schedule: (delayMs, action) => mainThread.schedule(delayMs, action),
      sendToTask: (execution, event) => {
        const gateway =
          execution.slot &&
          this.#components.taskManagers.gateway(execution.slot.location.resourceId)
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
    this.#components.metrics.update(payload.metrics)
    this.#components.reconciler.reconcile(resourceId, payload.deployment)
  }

  #onTaskManagerLost(resourceId: string, cause: Error): void {
    this.#components.reconciler.forget(resourceId)
    const slots = this.#components.slotPool.removeTaskManager(resourceId)
    this.#scheduler.slotsLost(
      slots.map(({ allocationId }) => allocationId),
      resourceId,
      toErrorInfo(cause),
    )
  }

  #onSlotFailed(allocationId: AllocationId, cause: ReturnType<typeof toErrorInfo>): void {
    if (this.#components.slotPool.removeSlot(allocationId) === undefined) return
    this.#scheduler.slotsLost([allocationId], undefined, cause)
  }

  #freeSlot({ allocationId, location }: AssignedSlot, reason: string): void {
    const cause = new FlinkError(`Slot ${allocationId} was given back: ${reason}`, {
      code: 'FLINK_SLOT_RELEASED',
    })
    this.#components.taskManagers
      .gateway(location.resourceId)
      ?.freeSlot({ allocationId, cause: toErrorInfo(cause) })
      .catch((error) => {
        // The next heartbeat names the slots that this job still holds.
        this.log.info('Giving a slot back failed', { allocationId, error })
      })
  }

  #onJobTerminated(status: JobStatus): void {
    this.#coordinators?.close()
    if (status !== 'SUSPENDED') this.#components.slotPool.releaseAll('the job has ended')
    const { jobId, name } = this.#options.jobGraph
    const cause = toErrorInfo(
      new FlinkError(`Job '${name}' has ended here: ${status}`, {
        code: status === 'SUSPENDED' ? JOB_SUSPENDED_CODE : 'FLINK_JOB_ENDED',
      }),
    )
    const goodbyes = this.#components.taskManagers.resourceIds.map((resourceId) =>
      this.#components.taskManagers
        .gateway(resourceId)
        ?.disconnectJobMaster({ jobId, cause })
        .catch((error) => {
          this.log.debug('A TaskManager was not told of the end of a job', { resourceId, error })
        }),
    )
    this.#components.taskManagers.close()
    this.#options.shuffleMaster?.unregisterJob(jobId)
    this.#disconnected = Promise.all([
      ...goodbyes,
      this.#components.resourceManager.close(status),
    ]).then(() => {})
    this.#options.onJobTerminated(this.executionGraphInfo())
  }
}

function stopRefused(job: string, reason: string): FlinkError {
  return new FlinkError(`Cannot stop job '${job}': ${reason}; it can be cancelled`, {
    code: 'FLINK_STOP_REFUSED',
  })
}
