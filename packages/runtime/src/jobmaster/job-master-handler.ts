import { type AllocationId, FlinkError, type Logger } from '@flink-ts/core'
import { acknowledgeFromMessage, declineFromMessage } from '../checkpoint/checkpoint-reports.js'
import { CheckpointsUnsupportedError } from '../checkpoint/checkpoints-unsupported-error.js'
import { isTerminalJobStatus } from '../executiongraph/job-status.js'
import { fromErrorInfo } from '../messages/error-info.js'
import type {
  Acknowledge,
  AcknowledgeCheckpointRequest,
  CancelJobRequest,
  DeclineCheckpointRequest,
  DisconnectResourceManagerRequest,
  DisconnectTaskManagerRequest,
  ErrorInfo,
  FailSlotRequest,
  JobMasterGateway,
  JobMasterHeartbeatRequest,
  JobResourceRequirements,
  ManualCheckpointResponse,
  NotifyNotEnoughResourcesRequest,
  NotifyTaskManagerEndedRequest,
  OfferSlotsRequest,
  OfferSlotsResponse,
  OperatorEventRequest,
  RegisterTaskManagerRequest,
  RegisterTaskManagerResponse,
  RequestCheckpointStatisticsRequest,
  RequestCheckpointStatisticsResponse,
  RequestJobRequest,
  RequestJobResponse,
  RequestJobStatusResponse,
  SavepointResponse,
  StopJobRequest,
  StopWithSavepointRequest,
  TriggerManualCheckpointRequest,
  TriggerSavepointRequest,
  UpdateJobResourceRequirementsRequest,
  UpdateTaskExecutionStateRequest,
} from '../messages/messages.generated.js'
import type { Scheduler } from '../scheduler/scheduler.js'
import type { OperatorCoordinators } from './coordination/operator-coordinators.js'
import type { ExecutionGraphInfo } from './info/execution-graph-info.js'
import type { JobCheckpointing } from './job-checkpointing.js'
import { type LossExplanations, TaskManagerEndedError } from './loss-explanations.js'
import type { ResourceManagerConnection } from './resource-manager-connection.js'
import { requestRequirements, updateRequirements } from './resource-requirements.js'
import type { SavepointOperations } from './savepoint-operations.js'
import type { SlotPool } from './slotpool/slot-pool.js'
import type { TaskManagerConnections } from './task-manager-connections.js'

export interface JobMasterHandlerOptions {
  readonly jobMaster: {
    requestJob(): Promise<ExecutionGraphInfo>
    stopJob(drain: boolean): Promise<void>
  }
  readonly jobId: string
  readonly scheduler: Scheduler
  readonly slotPool: SlotPool
  readonly taskManagers: TaskManagerConnections
  readonly explanations: LossExplanations
  readonly resourceManager: ResourceManagerConnection
  /** Resolves when the job has wished for slots, or has ended before. */
  readonly initialized: Promise<void>
  /** Undefined until the job is initialized. */
  readonly coordinators: () => OperatorCoordinators | undefined
  /** Undefined until the job is initialized, and of a batch job. */
  readonly checkpointing: () => JobCheckpointing | undefined
  readonly slotFailed: (allocationId: AllocationId, cause: ErrorInfo) => void
  readonly resourceId: string
  readonly log: Logger
}

/** Answers the calls that a JobMaster gets; every method runs in its main thread. */
export class JobMasterHandler implements JobMasterGateway {
  readonly #options: JobMasterHandlerOptions

  constructor(options: JobMasterHandlerOptions) {
    this.#options = options
  }

  async registerTaskManager(
    request: RegisterTaskManagerRequest,
  ): Promise<RegisterTaskManagerResponse> {
    const { jobId, scheduler, taskManagers, resourceId } = this.#options
    if (request.jobId !== jobId) {
      return { rejection: `this JobMaster runs job ${jobId}, not ${request.jobId}` }
    }
    if (isTerminalJobStatus(scheduler.jobStatus)) {
      return { rejection: `job ${jobId} has ended: ${scheduler.jobStatus}` }
    }
    taskManagers.register(request.taskExecutor, request.location)
    return { success: { jobMasterResourceId: resourceId } }
  }

  /** While the job is initialized nobody knows yet which slots it needs: the answer comes after that. */
  async offerSlots({ resourceId, offers }: OfferSlotsRequest): Promise<OfferSlotsResponse> {
    const { taskManagers, slotPool, scheduler, initialized } = this.#options
    if (scheduler.jobStatus === 'INITIALIZING') await initialized
    const location = taskManagers.location(resourceId)
    if (location === undefined) throw notRegistered(resourceId, 'offer slots')
    taskManagers.receiveHeartbeat(resourceId)
    if (isTerminalJobStatus(scheduler.jobStatus)) return { acceptedAllocationIds: [] }
    return { acceptedAllocationIds: slotPool.offerSlots(location, offers) }
  }

  async failSlot({ allocationId, cause }: FailSlotRequest): Promise<Acknowledge> {
    this.#options.slotFailed(allocationId as AllocationId, cause)
    return {}
  }

  async disconnectTaskManager(request: DisconnectTaskManagerRequest): Promise<Acknowledge> {
    this.#options.taskManagers.disconnect(request.resourceId, fromErrorInfo(request.cause))
    return {}
  }

  async disconnectResourceManager(request: DisconnectResourceManagerRequest): Promise<Acknowledge> {
    this.#options.resourceManager.reconnect(request.cause.message)
    return {}
  }

  async updateTaskExecutionState(request: UpdateTaskExecutionStateRequest): Promise<Acknowledge> {
    const { scheduler, checkpointing } = this.#options
    const { executionAttemptId, state, error } = request
    if (state === 'FAILED') checkpointing()?.taskFailed(executionAttemptId, error)
    if (scheduler.updateTaskExecutionState(request)) {
      checkpointing()?.taskStateChanged(request)
      return {}
    }
    throw new FlinkError(
      `Attempt ${request.executionAttemptId} reported ${request.state}, but it is not expected to run`,
      { code: 'FLINK_EXECUTION_ATTEMPT_UNKNOWN' },
    )
  }

  async sendOperatorEventToCoordinator(request: OperatorEventRequest): Promise<Acknowledge> {
    const coordinators = this.#options.coordinators()
    if (coordinators === undefined) {
      throw new FlinkError('Cannot take an operator event: the job is being initialized', {
        code: 'FLINK_OPERATOR_EVENT_REFUSED',
      })
    }
    coordinators.handleEvent(request)
    return {}
  }

  /** The job goes on waiting: until slot.request.timeout a TaskManager may join. Without a reason nothing hinders that any more. */
  async notifyNotEnoughResources(request: NotifyNotEnoughResourcesRequest): Promise<Acknowledge> {
    const { log, slotPool } = this.#options
    const { reason } = request
    const acquired = request.acquired.reduce((sum, { numberOfRequiredSlots: n }) => sum + n, 0)
    if (reason === undefined)
      log.info('The ResourceManager expects to provide all slots', { acquired })
    else log.warn('The ResourceManager cannot provide all slots now', { acquired, reason })
    slotPool.notEnoughResources(reason)
    return {}
  }

  /** Mostly the TaskManager has said goodbye before; one that has not is known to be lost by this. */
  async notifyTaskManagerEnded(request: NotifyTaskManagerEndedRequest): Promise<Acknowledge> {
    const { resourceId } = request
    const { taskManagers, explanations } = this.#options
    explanations.explain(resourceId, request.diagnostics)
    taskManagers.disconnect(resourceId, new TaskManagerEndedError(request))
    return {}
  }

  async heartbeatFromResourceManager(request: JobMasterHeartbeatRequest): Promise<Acknowledge> {
    this.#options.resourceManager.receiveHeartbeat(request.resourceManagerId)
    return {}
  }

  async requestJob(_request: RequestJobRequest): Promise<RequestJobResponse> {
    const info = await this.#options.jobMaster.requestJob()
    return { executionGraph: Buffer.from(JSON.stringify(info)) }
  }

  async requestJobStatus(_request: RequestJobRequest): Promise<RequestJobStatusResponse> {
    return { status: this.#options.scheduler.jobStatus }
  }

  async requestJobResourceRequirements({
    jobId,
  }: RequestJobRequest): Promise<JobResourceRequirements> {
    return requestRequirements(jobId, this.#options.scheduler)
  }

  async updateJobResourceRequirements(
    request: UpdateJobResourceRequirementsRequest,
  ): Promise<Acknowledge> {
    updateRequirements(request.jobId, this.#options.scheduler, request.requirements)
    return {}
  }

  async stopJob({ drain }: StopJobRequest): Promise<Acknowledge> {
    await this.#options.jobMaster.stopJob(drain)
    return {}
  }

  async cancelJob(_request: CancelJobRequest): Promise<Acknowledge> {
    this.#options.scheduler.cancel()
    return {}
  }

  async acknowledgeCheckpoint(request: AcknowledgeCheckpointRequest): Promise<Acknowledge> {
    this.#options.checkpointing()?.acknowledge(acknowledgeFromMessage(request))
    return {}
  }

  async declineCheckpoint(request: DeclineCheckpointRequest): Promise<Acknowledge> {
    this.#options.checkpointing()?.decline(declineFromMessage(request))
    return {}
  }

  async triggerSavepoint(request: TriggerSavepointRequest): Promise<SavepointResponse> {
    const operations = this.#operations('take a savepoint')
    const { targetDirectory, cancelJob, formatType } = request
    const location = await operations.triggerSavepoint(targetDirectory, cancelJob, formatType)
    return { location }
  }

  async stopWithSavepoint(request: StopWithSavepointRequest): Promise<SavepointResponse> {
    const operations = this.#operations('take the savepoint to stop with')
    const { targetDirectory, drain, formatType } = request
    const location = await operations.stopWithSavepoint(targetDirectory, drain, formatType)
    return { location }
  }

  async triggerManualCheckpoint(
    request: TriggerManualCheckpointRequest,
  ): Promise<ManualCheckpointResponse> {
    const operations = this.#operations('take a checkpoint')
    const checkpoint = await operations.triggerCheckpoint(request.checkpointType === 'FULL')
    return { checkpointId: Number(checkpoint.checkpointId), location: checkpoint.externalPath }
  }

  async requestCheckpointStatistics(
    request: RequestCheckpointStatisticsRequest,
  ): Promise<RequestCheckpointStatisticsResponse> {
    const checkpointing = this.#options.checkpointing()
    if (checkpointing === undefined) throw this.#unsupported('tell the checkpoints')
    const statistics = checkpointing.statisticsOf(request)
    return statistics === undefined ? {} : { json: Buffer.from(JSON.stringify(statistics)) }
  }

  #operations(what: string): SavepointOperations {
    const operations = this.#options.checkpointing()?.operations
    if (operations === undefined) throw this.#unsupported(what)
    return operations
  }

  #unsupported(what: string): CheckpointsUnsupportedError {
    return new CheckpointsUnsupportedError(this.#options.jobId, what)
  }
}

function notRegistered(resourceId: string, what: string): FlinkError {
  return new FlinkError(
    `TaskManager ${resourceId} cannot ${what}: it is not registered at this JobMaster`,
    { code: 'FLINK_TASK_MANAGER_NOT_REGISTERED', retriable: true },
  )
}
