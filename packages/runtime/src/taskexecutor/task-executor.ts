import type { ResourceId } from '@flink-ts/core'
import { RpcEndpoint, type RpcEndpointOptions } from '@flink-ts/rpc'
import type { BlobCache } from '../blob/blob-cache.js'
import type {
  LeaderComponent,
  LeaderRetriever,
} from '../highavailability/high-availability-services.js'
import { JOB_SUSPENDED_CODE } from '../jobmaster/job-suspended.js'
import { fromErrorInfo } from '../messages/error-info.js'
import { TASK_EXECUTOR_GATEWAY } from '../messages/gateways.js'
import type {
  Acknowledge,
  CanBeReleasedRequest,
  CanBeReleasedResponse,
  CancelTaskRequest,
  DisconnectJobMasterFromTaskExecutorRequest,
  DisconnectResourceManagerRequest,
  FreeSlotRequest,
  NotifyCheckpointRequest,
  OperatorEventRequest,
  ReleasePartitionsRequest,
  RequestSlotRequest,
  RequestTaskMetricsRequest,
  RequestTaskMetricsResponse,
  SubmitTaskRequest,
  TaskExecutorGateway,
  TaskExecutorHeartbeatFromJobMasterRequest,
  TaskExecutorHeartbeatFromResourceManagerRequest,
  TaskExecutorHeartbeatPayload,
  TaskExecutorToJobMasterHeartbeatPayload,
  TaskManagerLocation,
  TriggerCheckpointRequest,
  TriggerCheckpointResponse,
} from '../messages/messages.generated.js'
import type { TaskLauncher } from '../taskmanager/task-launcher.js'
import { CheckpointCalls } from './checkpoint-calls.js'
import { JobTable } from './job-table.js'
import type { LocalStateStores } from './local-state-stores.js'
import { TaskSlotTable } from './slot/task-slot-table.js'
import { authorizeCaller, type KnownCallers } from './task-executor-callers.js'
import {
  SlotTimeoutError,
  TaskManagerClosingError,
  TaskNotFoundError,
  TaskSubmissionError,
} from './task-executor-errors.js'
import type { TaskExecutorSettings, TaskManagerFacts } from './task-executor-settings.js'
import { TaskManagerRegistration } from './task-manager-registration.js'
import { TaskTable } from './task-table.js'

export interface TaskExecutorOptions extends Omit<RpcEndpointOptions, 'onFatalError'> {
  /** Of this process; unique in the cluster. */
  readonly resourceId: ResourceId
  /** Where its data is reached. */
  readonly location: TaskManagerLocation
  readonly facts: TaskManagerFacts
  readonly settings: TaskExecutorSettings
  /**
   * Of the ResourceManager, closed with the TaskExecutor, and of each job that has a slot here, closed
   * with its last slot: a new JobMaster of a job is found at once.
   */
  readonly leaderRetriever: (component: LeaderComponent) => LeaderRetriever
  /** Closed with the TaskExecutor. */
  readonly launcher: TaskLauncher
  /** Closed with the TaskExecutor. */
  readonly blobCache: BlobCache
  /** Second copies of state; closed with the TaskExecutor. Absent: there are none. */
  readonly localState?: LocalStateStores
  /** Drops finished results that nobody reads any more. */
  readonly releasePartitions: (partitionIds: readonly string[]) => void
  /** Of the whole TaskManager, for heartbeats; by identifier. */
  readonly metrics: () => Readonly<Record<string, number>>
  /** The process must end. */
  readonly onFatalError: (error: unknown) => void
}

const ACKNOWLEDGE: Acknowledge = {}

/** Runs the tasks of JobMasters in the slots that the ResourceManager gave them. */
export class TaskExecutor extends RpcEndpoint implements TaskExecutorGateway {
  readonly resourceId: ResourceId
  readonly #options: TaskExecutorOptions
  readonly #slots: TaskSlotTable
  readonly #tasks: TaskTable
  readonly #checkpoints: CheckpointCalls
  readonly #jobs: JobTable
  readonly #registration: TaskManagerRegistration
  /** Tells this process from another one with the same ResourceID. */
  readonly #processId: string
  #registrationAttempts = 0

  constructor(options: TaskExecutorOptions) {
    super(options)
    this.#options = options
    this.resourceId = options.resourceId
    const { settings, facts, location, onFatalError } = options
    const { mainThread, log, clock, rpcService, resourceId } = this
    const address = { address: this.address, endpointId: this.endpointId }
    const world = { resourceId, mainThread, log, clock, rpcService, onFatalError }
    this.#processId = `${clock.now()}@${this.address}`
    this.#slots = new TaskSlotTable({
      ...world,
      numberOfSlots: facts.numberOfSlots,
      slotProfile: facts.slotProfile,
      totalProfile: facts.totalProfile,
      slotTimeoutMs: settings.slotTimeoutMs,
      onTimeout: (allocationId) => {
        const timeoutMs = settings.slotTimeoutMs
        this.#freeSlot(allocationId, new SlotTimeoutError({ allocationId, timeoutMs }))
      },
      onFreed: (slot) => {
        this.#registration.notifySlotAvailable(slot)
        this.#jobs.slotFreed(slot.jobId)
        if (this.#slots.slotsOf(slot.jobId).length > 0) return
        this.#options.localState?.jobGone(slot.jobId)
      },
    })
    this.#tasks = new TaskTable({
      ...world,
      slots: this.#slots,
      launcher: options.launcher,
      blobCache: options.blobCache,
      localState: options.localState,
      blobServer: () => this.#registration.blobServer,
      releasePartitions: options.releasePartitions,
    })
    this.#checkpoints = new CheckpointCalls(this.#tasks, options.localState)
    this.#jobs = new JobTable({
      ...world,
      heartbeat: settings.heartbeat,
      registration: settings.registration,
      address,
      location: () => location,
      slots: this.#slots,
      failTasks: (jobId, cause) => this.#tasks.failAll(jobId, cause),
      onJobMasterReplaced: (jobId) => this.#tasks.stopReporting(jobId),
      onJobRemoved: (jobId) => this.#tasks.removeJob(jobId),
      freeSlot: (allocationId, cause) => this.#freeSlot(allocationId, cause),
      leaderRetriever: options.leaderRetriever,
    })
    this.#registration = new TaskManagerRegistration({
      ...world,
      settings,
      retriever: options.leaderRetriever({ kind: 'resourcemanager' }),
      request: () => ({
        taskExecutor: address,
        location,
        hardware: facts.hardware,
        memory: facts.memory,
        numberOfSlots: facts.numberOfSlots,
        defaultSlotProfile: facts.slotProfile,
        totalProfile: facts.totalProfile,
        registrationId: { processId: this.#processId, attempt: ++this.#registrationAttempts },
      }),
      slotReport: () => this.#slots.report(),
    })
  }

  // ---------------------------------------------------------------- slots

  async requestSlot(request: RequestSlotRequest): Promise<Acknowledge> {
    const { slotId, jobId, allocationId, jobMaster, jobMasterToken } = request
    this.#registration.mustBeRegisteredAt(request.resourceManagerToken)
    this.#jobs.refuseEarlier(jobId, jobMasterToken)
    this.#slots.allocate(slotId.slotNumber, jobId, allocationId, request.profile)
    this.#jobs.offerTo(jobId, jobMaster, jobMasterToken)
    return ACKNOWLEDGE
  }

  async freeSlot(request: FreeSlotRequest): Promise<Acknowledge> {
    this.#freeSlot(request.allocationId, fromErrorInfo(request.cause))
    return ACKNOWLEDGE
  }

  // ---------------------------------------------------------------- tasks

  async submitTask({ descriptor }: SubmitTaskRequest): Promise<Acknowledge> {
    const { executionAttemptId, jobId, allocationId, jobMasterToken } = descriptor
    const connection = this.#jobs.registered(jobId, jobMasterToken)
    if (connection === undefined) {
      const why = `TaskManager ${this.resourceId} is not registered at that JobMaster`
      throw new TaskSubmissionError({ executionAttemptId, why })
    }
    // The answer to the offer may come after the first task.
    if (this.#slots.get(allocationId)?.jobId !== jobId || !this.#slots.markActive(allocationId)) {
      const why = `job ${jobId} holds no slot ${allocationId} on TaskManager ${this.resourceId}`
      throw new TaskSubmissionError({ executionAttemptId, why })
    }
    this.#tasks.submit(descriptor, connection.gateway)
    return ACKNOWLEDGE
  }

  async cancelTask({ executionAttemptId }: CancelTaskRequest): Promise<Acknowledge> {
    if (!this.#tasks.cancel(executionAttemptId)) {
      throw new TaskNotFoundError({ executionAttemptId, resourceId: this.resourceId })
    }
    return ACKNOWLEDGE
  }

  async sendOperatorEventToTask(request: OperatorEventRequest): Promise<Acknowledge> {
    const { executionAttemptId } = request
    const entry = this.#tasks.get(executionAttemptId)
    if (entry === undefined) {
      throw new TaskNotFoundError({ executionAttemptId, resourceId: this.resourceId })
    }
    entry.receiveEvent(request)
    return ACKNOWLEDGE
  }

  async triggerCheckpoint(request: TriggerCheckpointRequest): Promise<TriggerCheckpointResponse> {
    return this.#checkpoints.trigger(request)
  }

  async notifyCheckpointComplete(request: NotifyCheckpointRequest): Promise<Acknowledge> {
    this.#checkpoints.notifyComplete(request)
    return ACKNOWLEDGE
  }

  async notifyCheckpointAborted(request: NotifyCheckpointRequest): Promise<Acknowledge> {
    this.#checkpoints.notifyAborted(request)
    return ACKNOWLEDGE
  }

  async releasePartitions({ partitionIds }: ReleasePartitionsRequest): Promise<Acknowledge> {
    this.#tasks.releasePartitions(partitionIds)
    return ACKNOWLEDGE
  }

  async requestTaskMetrics({
    jobId,
  }: RequestTaskMetricsRequest): Promise<RequestTaskMetricsResponse> {
    return { metrics: this.#tasks.metricsOf(jobId) }
  }

  // ---------------------------------------------------------------- heartbeats and disconnects

  async heartbeatFromResourceManager({
    resourceManagerId,
  }: TaskExecutorHeartbeatFromResourceManagerRequest): Promise<TaskExecutorHeartbeatPayload> {
    this.#registration.receiveHeartbeat(resourceManagerId)
    return { report: this.#slots.report(), metrics: this.#options.metrics() }
  }

  async heartbeatFromJobMaster({
    jobId,
    allocationIds,
    latestCompletedCheckpointId,
  }: TaskExecutorHeartbeatFromJobMasterRequest): Promise<TaskExecutorToJobMasterHeartbeatPayload> {
    this.#jobs.receiveHeartbeat(jobId, allocationIds)
    this.#checkpoints.repair(jobId, latestCompletedCheckpointId)
    const executionAttemptIds = this.#tasks
      .entriesOf(jobId)
      .map(({ executionAttemptId }) => executionAttemptId)
    return { deployment: { executionAttemptIds }, metrics: this.#tasks.metricsOf(jobId) }
  }

  async disconnectJobMaster({
    jobId,
    cause,
  }: DisconnectJobMasterFromTaskExecutorRequest): Promise<Acknowledge> {
    this.#jobs.disconnect(jobId, fromErrorInfo(cause), cause.code === JOB_SUSPENDED_CODE)
    return ACKNOWLEDGE
  }

  async disconnectResourceManager({
    cause,
  }: DisconnectResourceManagerRequest): Promise<Acknowledge> {
    this.#registration.reconnect(fromErrorInfo(cause))
    return ACKNOWLEDGE
  }

  /** False as long as jobs have slots here, or results that somebody may still read. */
  async canBeReleased(_request: CanBeReleasedRequest): Promise<CanBeReleasedResponse> {
    return { canBeReleased: this.#slots.isEmpty && !this.#tasks.hasResults }
  }

  // ---------------------------------------------------------------- life cycle

  protected override onStart(): void {
    const callers: KnownCallers = {
      checkResourceManager: (token) => this.#registration.checkResourceManager(token),
      checkJobMaster: (jobId, token) => this.#jobs.checkCaller(jobId, token),
      jobOfSlot: (allocationId) => this.#slots.get(allocationId)?.jobId,
      jobOfTask: (executionAttemptId) => this.#tasks.get(executionAttemptId)?.jobId,
    }
    this.serve<TaskExecutorGateway>(TASK_EXECUTOR_GATEWAY, this, {
      authorize: (method, request, token) => authorizeCaller(callers, method, request, token),
    })
    this.#options.localState?.start(this.mainThread)
    this.#registration.start()
  }

  protected override async onStop(): Promise<void> {
    const cause = new TaskManagerClosingError({ resourceId: this.resourceId })
    // All are told before anything else, so that nobody waits for heartbeats.
    const told = [this.#registration.close(cause), this.#jobs.close(cause)]
    const { launcher, blobCache, localState } = this.#options
    try {
      await Promise.all(told)
    } finally {
      await launcher.close()
      await blobCache.close()
      await localState?.close()
    }
  }

  #freeSlot(allocationId: string, cause: Error): void {
    const slot = this.#slots.get(allocationId)
    if (slot === undefined) return
    const { jobId } = slot
    this.log.info('Freeing a slot', { jobId, allocationId, cause: cause.message })
    this.#tasks.failIn(allocationId, cause)
    this.#slots.free(allocationId)
  }
}
