import type { FencingToken } from '@flink-ts/rpc'
import type {
  CancelTaskRequest,
  DisconnectJobMasterFromTaskExecutorRequest,
  FreeSlotRequest,
  NotifyCheckpointRequest,
  OperatorEventRequest,
  ReleasePartitionsRequest,
  RequestTaskMetricsRequest,
  SubmitTaskRequest,
  TaskExecutorGateway,
  TaskExecutorHeartbeatFromJobMasterRequest,
  TriggerCheckpointRequest,
} from '../messages/messages.generated.js'

/** What a TaskExecutor knows of those who call it. */
export interface KnownCallers {
  /** @throws StaleCallerError unless the ResourceManager with `token` is the one that we follow */
  checkResourceManager(token: FencingToken | undefined): void
  /** @throws StaleCallerError if the JobMaster that we know for the job has another token */
  checkJobMaster(jobId: string, token: FencingToken | undefined): void
  /** The job that holds a slot here; undefined: there is no such slot. */
  jobOfSlot(allocationId: string): string | undefined
  /** The job of a task here; undefined: there is no such task. */
  jobOfTask(executionAttemptId: string): string | undefined
}

type JobOf<M extends keyof TaskExecutorGateway> = (
  request: Parameters<TaskExecutorGateway[M]>[0],
  callers: KnownCallers,
) => string | undefined

/**
 * Who may call what. A method of the ResourceManager takes its token; one of a JobMaster the token of the
 * JobMaster of the job that the request is about. What is about nothing here is left to the method itself.
 */
const CALLERS: {
  readonly [M in keyof TaskExecutorGateway]: 'resourcemanager' | JobOf<M>
} = {
  requestSlot: 'resourcemanager',
  heartbeatFromResourceManager: 'resourcemanager',
  disconnectResourceManager: 'resourcemanager',
  canBeReleased: 'resourcemanager',
  submitTask: ({ descriptor }: SubmitTaskRequest) => descriptor.jobId,
  cancelTask: ({ executionAttemptId }: CancelTaskRequest, callers) =>
    callers.jobOfTask(executionAttemptId),
  sendOperatorEventToTask: ({ executionAttemptId }: OperatorEventRequest, callers) =>
    callers.jobOfTask(executionAttemptId),
  freeSlot: ({ allocationId }: FreeSlotRequest, callers) => callers.jobOfSlot(allocationId),
  releasePartitions: ({ jobId }: ReleasePartitionsRequest) => jobId,
  heartbeatFromJobMaster: ({ jobId }: TaskExecutorHeartbeatFromJobMasterRequest) => jobId,
  disconnectJobMaster: ({ jobId }: DisconnectJobMasterFromTaskExecutorRequest) => jobId,
  requestTaskMetrics: ({ jobId }: RequestTaskMetricsRequest) => jobId,
  triggerCheckpoint: ofAnyTask,
  notifyCheckpointComplete: ofAnyTask,
  notifyCheckpointAborted: ofAnyTask,
}

/** A call about several tasks is about tasks of one job. */
function ofAnyTask(
  { executionAttemptIds }: TriggerCheckpointRequest | NotifyCheckpointRequest,
  callers: KnownCallers,
): string | undefined {
  for (const id of executionAttemptIds) {
    const jobId = callers.jobOfTask(id)
    if (jobId !== undefined) return jobId
  }
  return undefined
}

/**
 * Refuses a call of a component that lost its leadership: a TaskExecutor has many callers, so it cannot
 * be fenced by one token.
 *
 * @throws StaleCallerError
 */
export function authorizeCaller(
  callers: KnownCallers,
  method: string,
  request: object,
  token: FencingToken | undefined,
): void {
  const caller = CALLERS[method as keyof TaskExecutorGateway]
  if (caller === 'resourcemanager') {
    callers.checkResourceManager(token)
    return
  }
  // The request was decoded as the method's own.
  const jobId = (caller as (request: object, callers: KnownCallers) => string | undefined)(
    request,
    callers,
  )
  if (jobId !== undefined) callers.checkJobMaster(jobId, token)
}
