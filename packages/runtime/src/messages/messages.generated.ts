// Generated from proto/flink_runtime.proto by `npm run generate`. Do not edit.

import type { CallOptions } from '@flink-ts/rpc'

export interface Acknowledge {
}

/** The form in which an error travels; the chain of causes is nested. */
export interface ErrorInfo {
  readonly name: string
  readonly message: string
  readonly code?: string | undefined
  readonly retriable?: boolean | undefined
  readonly stack?: string | undefined
  readonly cause?: ErrorInfo | undefined
  readonly facts?: ErrorFacts | undefined
}

/** What the error says of itself beside its message, such as partitionId. */
export interface ErrorFacts {
  readonly values: { readonly [key: string]: string }
}

/** Orders leaders of one component: a higher epoch is a later leader. */
export interface LeaderToken {
  readonly epoch: number
  readonly uuid: string
}

export interface EndpointAddress {
  /** host:port of the RPC service */
  readonly address: string
  readonly endpointId: string
}

export interface ResourceProfile {
  readonly cpuCores: number
  readonly taskHeapBytes: number
  readonly taskOffHeapBytes: number
  readonly managedBytes: number
  readonly networkBytes: number
  readonly extendedResources: { readonly [key: string]: number }
}

export interface ResourceRequirement {
  /** absent: any slot fits (the default profile of the cluster) */
  readonly profile?: ResourceProfile | undefined
  readonly numberOfRequiredSlots: number
}

export type ExecutionState =
  | 'CREATED'
  | 'SCHEDULED'
  | 'DEPLOYING'
  | 'INITIALIZING'
  | 'RUNNING'
  | 'FINISHED'
  | 'CANCELING'
  | 'CANCELED'
  | 'FAILED'
  | 'RECONCILING'

/** States of a job. Nested, because the names of enum values share one scope. */
export type JobStatus =
  | 'INITIALIZING'
  | 'CREATED'
  | 'RUNNING'
  | 'FAILING'
  | 'FAILED'
  | 'CANCELLING'
  | 'CANCELED'
  | 'FINISHED'
  | 'RESTARTING'
  | 'SUSPENDED'
  | 'RECONCILING'

/** How a cluster that ends with its job or application ended. */
export type ApplicationStatus =
  | 'UNKNOWN'
  | 'SUCCEEDED'
  | 'FAILED'
  | 'CANCELED'

export interface RequestLeaderRequest {
  /** "dispatcher", "resourcemanager" or "jobmanager" */
  readonly component: string
  /** for "jobmanager" */
  readonly jobId?: string | undefined
}

export interface RequestLeaderResponse {
  /** absent: no leader now */
  readonly endpoint?: EndpointAddress | undefined
  readonly token?: LeaderToken | undefined
}

/** Answers who leads, where no coordination service does. Unfenced; endpoint id "leader". */
export interface LeaderGateway {
  requestLeader(request: RequestLeaderRequest, options?: CallOptions): Promise<RequestLeaderResponse>
}

export interface SlotId {
  readonly resourceId: string
  readonly slotNumber: number
}

export interface SlotStatus {
  readonly slotId: SlotId
  readonly profile: ResourceProfile
  /** present: taken */
  readonly allocationId?: string | undefined
  readonly jobId?: string | undefined
  readonly assignedTasks: number
}

export interface SlotReport {
  readonly slots: readonly SlotStatus[]
}

export interface SlotOffer {
  readonly allocationId: string
  readonly slotIndex: number
  readonly profile: ResourceProfile
}

export interface HardwareDescription {
  readonly cpuCores: number
  readonly physicalMemoryBytes: number
  readonly freeMemoryBytes: number
  readonly managedMemoryBytes: number
}

export interface TaskManagerMemoryConfiguration {
  readonly frameworkHeap: number
  readonly taskHeap: number
  readonly frameworkOffHeap: number
  readonly taskOffHeap: number
  readonly networkMemory: number
  readonly managedMemory: number
  readonly jvmMetaspace: number
  readonly jvmOverhead: number
  readonly totalFlinkMemory: number
  readonly totalProcessMemory: number
}

/** Where a TaskManager is and how its data is reached. */
export interface TaskManagerLocation {
  readonly resourceId: string
  readonly host: string
  readonly dataPort: number
  readonly nodeId: string
}

/** Orders the attempts of a TaskManager process to register: one that arrives late replaces no later one. */
export interface RegistrationId {
  /** made by the process at random */
  readonly processId: string
  /** rises with each attempt of the process */
  readonly attempt: number
}

export interface RegisterTaskExecutorRequest {
  readonly taskExecutor: EndpointAddress
  readonly location: TaskManagerLocation
  readonly hardware: HardwareDescription
  readonly memory: TaskManagerMemoryConfiguration
  readonly numberOfSlots: number
  readonly defaultSlotProfile: ResourceProfile
  readonly totalProfile: ResourceProfile
  readonly registrationId: RegistrationId
}

export interface RegisterTaskExecutorResponse {
  readonly success?: RegisterTaskExecutorSuccess | undefined
  readonly rejection?: string | undefined
  /** Of a rejection: whoever starts workers knows no such one, not yet or not any more. */
  readonly unknownWorker?: boolean | undefined
}

export interface RegisterTaskExecutorSuccess {
  readonly instanceId: string
  readonly resourceManagerId: string
  readonly blobServer: EndpointAddress
}

export interface SendSlotReportRequest {
  readonly resourceId: string
  readonly instanceId: string
  readonly report: SlotReport
}

export interface NotifySlotAvailableRequest {
  readonly resourceId: string
  readonly instanceId: string
  readonly slotId: SlotId
  readonly allocationId: string
}

export interface DisconnectTaskExecutorRequest {
  readonly resourceId: string
  readonly cause: ErrorInfo
}

export interface RegisterJobMasterRequest {
  readonly jobId: string
  readonly jobMaster: EndpointAddress
  readonly jobMasterToken: LeaderToken
  readonly jobMasterResourceId: string
}

export interface RegisterJobMasterResponse {
  readonly success?: RegisterJobMasterSuccess | undefined
  readonly rejection?: string | undefined
}

export interface RegisterJobMasterSuccess {
  readonly resourceManagerId: string
  /** whoever starts the TaskManagers says why they end: NotifyTaskManagerEnded follows the loss of one */
  readonly explainsEnds?: boolean | undefined
}

export interface DeclareRequiredResourcesRequest {
  readonly jobId: string
  readonly jobMasterToken: LeaderToken
  /** rises with each declaration of this JobMaster; an older one that arrives later is ignored */
  readonly version: number
  readonly requirements: readonly ResourceRequirement[]
}

export interface DisconnectJobMasterRequest {
  readonly jobId: string
  readonly jobMasterToken: LeaderToken
  readonly jobStatus: JobStatus
}

export interface RequestTaskManagersRequest {
  /** absent: all */
  readonly resourceId?: string | undefined
}

export interface TaskManagerInfo {
  readonly resourceId: string
  readonly taskExecutor: EndpointAddress
  readonly location: TaskManagerLocation
  readonly lastHeartbeatMs: number
  readonly numberOfSlots: number
  readonly numberOfFreeSlots: number
  readonly assignedTasks: number
  readonly totalProfile: ResourceProfile
  readonly freeProfile: ResourceProfile
  readonly hardware: HardwareDescription
  readonly memory: TaskManagerMemoryConfiguration
  readonly allocatedSlots: readonly AllocatedSlotInfo[]
  /** metrics of the last heartbeat, by identifier, such as "Status.Shuffle.Netty.UsedMemorySegments" */
  readonly metrics: { readonly [key: string]: number }
}

export interface AllocatedSlotInfo {
  readonly jobId: string
  readonly profile: ResourceProfile
  readonly assignedTasks: number
}

export interface RequestTaskManagersResponse {
  readonly taskManagers: readonly TaskManagerInfo[]
}

export interface RequestResourceOverviewRequest {
}

export interface ResourceOverview {
  readonly taskManagers: number
  readonly slotsTotal: number
  readonly slotsAvailable: number
}

/** A machine on which no worker is wanted for a while. */
export interface BlockedNode {
  readonly nodeId: string
  /** for people */
  readonly cause: string
  /** milliseconds since the epoch */
  readonly endTimestampMs: number
}

export interface NotifyNewBlockedNodesRequest {
  readonly nodes: readonly BlockedNode[]
}

export interface DeregisterApplicationRequest {
  readonly status: ApplicationStatus
  readonly diagnostics: string
}

/** Grants slots. Fenced by the ResourceManager's token. */
export interface ResourceManagerGateway {
  registerTaskExecutor(request: RegisterTaskExecutorRequest, options?: CallOptions): Promise<RegisterTaskExecutorResponse>
  sendSlotReport(request: SendSlotReportRequest, options?: CallOptions): Promise<Acknowledge>
  notifySlotAvailable(request: NotifySlotAvailableRequest, options?: CallOptions): Promise<Acknowledge>
  disconnectTaskExecutor(request: DisconnectTaskExecutorRequest, options?: CallOptions): Promise<Acknowledge>
  registerJobMaster(request: RegisterJobMasterRequest, options?: CallOptions): Promise<RegisterJobMasterResponse>
  declareRequiredResources(request: DeclareRequiredResourcesRequest, options?: CallOptions): Promise<Acknowledge>
  disconnectJobMaster(request: DisconnectJobMasterRequest, options?: CallOptions): Promise<Acknowledge>
  requestTaskManagers(request: RequestTaskManagersRequest, options?: CallOptions): Promise<RequestTaskManagersResponse>
  requestResourceOverview(request: RequestResourceOverviewRequest, options?: CallOptions): Promise<ResourceOverview>
  deregisterApplication(request: DeregisterApplicationRequest, options?: CallOptions): Promise<Acknowledge>
  notifyNewBlockedNodes(request: NotifyNewBlockedNodesRequest, options?: CallOptions): Promise<Acknowledge>
}

export interface RequestSlotRequest {
  /** slot number -1: a slot of the given profile, carved out of what is free */
  readonly slotId: SlotId
  readonly jobId: string
  readonly allocationId: string
  readonly profile?: ResourceProfile | undefined
  /** the JobMaster that the slot is to be offered to */
  readonly jobMaster: EndpointAddress
  readonly jobMasterToken: LeaderToken
  /** of the ResourceManager that asks: one that the TaskManager is not registered at is refused */
  readonly resourceManagerToken: LeaderToken
}

/** Everything that one attempt needs to run. */
export interface TaskDeploymentDescriptor {
  readonly jobId: string
  readonly executionAttemptId: string
  readonly allocationId: string
  readonly subtaskIndex: number
  readonly attemptNumber: number
  /** JSON of JobInformation (job name, configuration, program): the same for all tasks of a job */
  readonly jobInformation: Uint8Array
  /** JSON of TaskInformation (vertex: operators, parallelism): the same for all subtasks of a vertex */
  readonly taskInformation: Uint8Array
  /** JSON of ResultPartitionDescriptor[] and InputGateDescriptor[] of @flink-ts/network */
  readonly producedPartitions: Uint8Array
  readonly inputGates: Uint8Array
  readonly jobMaster: EndpointAddress
  readonly jobMasterToken: LeaderToken
  /** JSON of TaskRestore: what the operators begin with; absent: with nothing */
  readonly taskRestore?: Uint8Array | undefined
}

export interface SubmitTaskRequest {
  readonly descriptor: TaskDeploymentDescriptor
}

export interface CancelTaskRequest {
  readonly executionAttemptId: string
}

export interface OperatorEventRequest {
  readonly executionAttemptId: string
  readonly operatorId: string
  /** 0, 1, 2, … per attempt, operator and direction; a repeated number is acknowledged and dropped */
  readonly sequence: number
  readonly payload: Uint8Array
}

/** What a checkpoint asks of a task. */
export interface CheckpointOptions {
  /** a SnapshotType of @flink-ts/network */
  readonly snapshotType: string
  /** AT_LEAST_ONCE, ALIGNED or UNALIGNED */
  readonly alignment: string
  /** UNALIGNED: barriers travel aligned for so long; 0: not at all */
  readonly alignedTimeoutMs: number
  /** folder of a savepoint; those of checkpoints are known to tasks by JobInformation */
  readonly targetLocation?: string | undefined
}

export interface TriggerCheckpointRequest {
  /** those of the attempts here that have no inputs with barriers */
  readonly executionAttemptIds: readonly string[]
  readonly checkpointId: number
  readonly timestampMs: number
  readonly options: CheckpointOptions
}

export interface TriggerCheckpointResponse {
  /** attempts that do not run here */
  readonly refusedExecutionAttemptIds: readonly string[]
}

export interface NotifyCheckpointRequest {
  readonly executionAttemptIds: readonly string[]
  readonly checkpointId: number
  readonly timestampMs: number
  /** the newest one that is completed, 0: none */
  readonly latestCompletedId: number
}

export interface FreeSlotRequest {
  readonly allocationId: string
  readonly cause: ErrorInfo
}

export interface ReleasePartitionsRequest {
  readonly jobId: string
  readonly partitionIds: readonly string[]
}

export interface TaskExecutorHeartbeatFromResourceManagerRequest {
  readonly resourceManagerId: string
}

export interface TaskExecutorHeartbeatPayload {
  readonly report: SlotReport
  readonly metrics: { readonly [key: string]: number }
}

export interface TaskExecutorHeartbeatFromJobMasterRequest {
  readonly jobId: string
  /** the slots that the JobMaster believes to hold here */
  readonly allocationIds: readonly string[]
  /** the newest completed checkpoint of the job; repairs notifications that were lost */
  readonly latestCompletedCheckpointId?: number | undefined
}

export interface ExecutionDeploymentReport {
  /** attempts that run here */
  readonly executionAttemptIds: readonly string[]
}

export interface TaskExecutorToJobMasterHeartbeatPayload {
  readonly deployment: ExecutionDeploymentReport
  readonly metrics: readonly TaskMetrics[]
}

export interface DisconnectJobMasterFromTaskExecutorRequest {
  readonly jobId: string
  readonly cause: ErrorInfo
}

export interface DisconnectResourceManagerRequest {
  readonly cause: ErrorInfo
}

export interface CanBeReleasedRequest {
}

export interface CanBeReleasedResponse {
  /** false: it has slots of jobs, or results that somebody may still read */
  readonly canBeReleased: boolean
}

export interface RequestTaskMetricsRequest {
  readonly jobId: string
}

export interface RequestTaskMetricsResponse {
  readonly metrics: readonly TaskMetrics[]
}

export interface IOMetrics {
  readonly numRecordsIn: number
  readonly numRecordsOut: number
  readonly numBytesIn: number
  readonly numBytesOut: number
  readonly numBuffersOut: number
  readonly accumulatedBusyMs: number
  readonly accumulatedIdleMs: number
  readonly accumulatedBackPressuredMs: number
}

export interface ChannelMetrics {
  /** "in" or "out" */
  readonly direction: string
  /** number of the input gate or the result partition of the task */
  readonly gate: number
  readonly channel: number
  /** whether the channel crosses processes (by TCP) */
  readonly remote: boolean
  readonly numBytes: number
  readonly numBuffers: number
}

/** What one accumulator of a user function has gathered. */
export interface AccumulatorSnapshot {
  readonly name: string
  /** its kind, such as "IntCounter" */
  readonly type: string
  /** base64 of its state as the DynamicSerializer writes it; empty if there is none */
  readonly value: string
  /** why there is no state; empty: there is one */
  readonly failure: string
}

export interface TaskMetrics {
  readonly executionAttemptId: string
  readonly io: IOMetrics
  readonly channels: readonly ChannelMetrics[]
  /** further metrics by identifier, such as "Map.numRecordsOut" */
  readonly values: { readonly [key: string]: number }
  /** of the task's functions */
  readonly accumulators: readonly AccumulatorSnapshot[]
}

/**
 * Runs tasks. Calls of the ResourceManager and of JobMasters carry the caller's own token in the request
 * where it matters; the endpoint itself is unfenced (a TaskManager has no leader), stale callers are
 * recognised by the token that they registered with.
 */
export interface TaskExecutorGateway {
  requestSlot(request: RequestSlotRequest, options?: CallOptions): Promise<Acknowledge>
  submitTask(request: SubmitTaskRequest, options?: CallOptions): Promise<Acknowledge>
  cancelTask(request: CancelTaskRequest, options?: CallOptions): Promise<Acknowledge>
  sendOperatorEventToTask(request: OperatorEventRequest, options?: CallOptions): Promise<Acknowledge>
  freeSlot(request: FreeSlotRequest, options?: CallOptions): Promise<Acknowledge>
  releasePartitions(request: ReleasePartitionsRequest, options?: CallOptions): Promise<Acknowledge>
  heartbeatFromResourceManager(request: TaskExecutorHeartbeatFromResourceManagerRequest, options?: CallOptions): Promise<TaskExecutorHeartbeatPayload>
  heartbeatFromJobMaster(request: TaskExecutorHeartbeatFromJobMasterRequest, options?: CallOptions): Promise<TaskExecutorToJobMasterHeartbeatPayload>
  disconnectJobMaster(request: DisconnectJobMasterFromTaskExecutorRequest, options?: CallOptions): Promise<Acknowledge>
  disconnectResourceManager(request: DisconnectResourceManagerRequest, options?: CallOptions): Promise<Acknowledge>
  requestTaskMetrics(request: RequestTaskMetricsRequest, options?: CallOptions): Promise<RequestTaskMetricsResponse>
  canBeReleased(request: CanBeReleasedRequest, options?: CallOptions): Promise<CanBeReleasedResponse>
  triggerCheckpoint(request: TriggerCheckpointRequest, options?: CallOptions): Promise<TriggerCheckpointResponse>
  notifyCheckpointComplete(request: NotifyCheckpointRequest, options?: CallOptions): Promise<Acknowledge>
  notifyCheckpointAborted(request: NotifyCheckpointRequest, options?: CallOptions): Promise<Acknowledge>
}

export interface RegisterTaskManagerRequest {
  readonly jobId: string
  readonly taskExecutor: EndpointAddress
  readonly location: TaskManagerLocation
}

export interface RegisterTaskManagerResponse {
  readonly success?: RegisterTaskManagerSuccess | undefined
  readonly rejection?: string | undefined
}

export interface RegisterTaskManagerSuccess {
  readonly jobMasterResourceId: string
}

export interface OfferSlotsRequest {
  readonly resourceId: string
  readonly offers: readonly SlotOffer[]
}

export interface OfferSlotsResponse {
  readonly acceptedAllocationIds: readonly string[]
}

export interface FailSlotRequest {
  readonly resourceId: string
  readonly allocationId: string
  readonly cause: ErrorInfo
}

export interface DisconnectTaskManagerRequest {
  readonly resourceId: string
  readonly cause: ErrorInfo
}

export interface UpdateTaskExecutionStateRequest {
  readonly executionAttemptId: string
  readonly state: ExecutionState
  readonly error?: ErrorInfo | undefined
  readonly metrics?: TaskMetrics | undefined
}

export interface NotifyNotEnoughResourcesRequest {
  readonly acquired: readonly ResourceRequirement[]
  /** for people: what is missing and why it cannot be had */
  readonly reason?: string | undefined
}

/** the process of a TaskManager has ended, or is about to */
export interface NotifyTaskManagerEndedRequest {
  readonly resourceId: string
  /** for people: exit code, what it means, the words of the cluster manager */
  readonly diagnostics: string
}

export interface JobMasterHeartbeatRequest {
  readonly resourceManagerId: string
}

export interface RequestJobRequest {
  readonly jobId: string
}

export interface RequestJobResponse {
  /** JSON of ExecutionGraphInfo */
  readonly executionGraph: Uint8Array
}

export interface RequestJobStatusResponse {
  readonly status: JobStatus
}

export interface StopJobRequest {
  readonly jobId: string
  /** event time goes to its end first, so that windows and timers fire */
  readonly drain: boolean
}

export interface CancelJobRequest {
  readonly jobId: string
}

export interface AcknowledgeCheckpointRequest {
  readonly executionAttemptId: string
  readonly checkpointId: number
  /** JSON of SubtaskState, what is inlined with it */
  readonly subtaskState: Uint8Array
  /** JSON of SubtaskCheckpointMetrics */
  readonly metrics: Uint8Array
}

export interface DeclineCheckpointRequest {
  readonly executionAttemptId: string
  readonly checkpointId: number
  /** a CheckpointFailureReason */
  readonly reason: string
  readonly cause?: ErrorInfo | undefined
}

export interface TriggerSavepointRequest {
  readonly jobId: string
  /** absent: execution.checkpointing.savepoint-dir */
  readonly targetDirectory?: string | undefined
  /** the job is cancelled when the savepoint is complete */
  readonly cancelJob: boolean
  /** CANONICAL or NATIVE; empty: CANONICAL */
  readonly formatType: string
  /** chosen by the caller; to ask the Dispatcher how it goes. A repeated one changes nothing */
  readonly triggerId: string
}

export interface StopWithSavepointRequest {
  readonly jobId: string
  readonly targetDirectory?: string | undefined
  /** event time goes to its end first, so that windows and timers fire */
  readonly drain: boolean
  readonly formatType: string
  readonly triggerId: string
}

export interface TriggerManualCheckpointRequest {
  readonly jobId: string
  /** CONFIGURED, FULL or INCREMENTAL; empty: CONFIGURED */
  readonly checkpointType: string
  readonly triggerId: string
}

export interface SavepointResponse {
  /** its folder */
  readonly location: string
}

export interface ManualCheckpointResponse {
  readonly checkpointId: number
  readonly location: string
}

export interface DisposeSavepointRequest {
  readonly savepointPath: string
  readonly triggerId: string
}

export interface TriggeredOperationRequest {
  /** empty: of no job */
  readonly jobId: string
  readonly triggerId: string
}

export interface TriggeredOperationResponse {
  /** IN_PROGRESS or COMPLETED */
  readonly status: string
  /** of what was completed, if it has one */
  readonly location?: string | undefined
  readonly checkpointId?: number | undefined
  /** it was not completed */
  readonly failureCause?: ErrorInfo | undefined
}

export interface RequestCheckpointStatisticsRequest {
  readonly jobId: string
  /** OVERVIEW, CONFIG, DETAILS (of a checkpoint) or SUBTASKS (of a checkpoint and a vertex) */
  readonly kind: string
  readonly checkpointId?: number | undefined
  readonly vertexId?: string | undefined
}

export interface RequestCheckpointStatisticsResponse {
  /** JSON as REST shows it; absent: there is no such checkpoint or vertex */
  readonly json?: Uint8Array | undefined
}

/** How many subtasks a vertex may have, both ends included. */
export interface VertexParallelismBounds {
  readonly vertexId: string
  readonly lowerBound: number
  readonly upperBound: number
}

/** The bounds of every vertex of a job that the adaptive scheduler runs. */
export interface JobResourceRequirements {
  readonly vertices: readonly VertexParallelismBounds[]
}

export interface UpdateJobResourceRequirementsRequest {
  readonly jobId: string
  readonly requirements: JobResourceRequirements
}

/** Schedules one job. Fenced by the JobMaster's token. */
export interface JobMasterGateway {
  registerTaskManager(request: RegisterTaskManagerRequest, options?: CallOptions): Promise<RegisterTaskManagerResponse>
  offerSlots(request: OfferSlotsRequest, options?: CallOptions): Promise<OfferSlotsResponse>
  failSlot(request: FailSlotRequest, options?: CallOptions): Promise<Acknowledge>
  disconnectTaskManager(request: DisconnectTaskManagerRequest, options?: CallOptions): Promise<Acknowledge>
  disconnectResourceManager(request: DisconnectResourceManagerRequest, options?: CallOptions): Promise<Acknowledge>
  updateTaskExecutionState(request: UpdateTaskExecutionStateRequest, options?: CallOptions): Promise<Acknowledge>
  sendOperatorEventToCoordinator(request: OperatorEventRequest, options?: CallOptions): Promise<Acknowledge>
  notifyNotEnoughResources(request: NotifyNotEnoughResourcesRequest, options?: CallOptions): Promise<Acknowledge>
  notifyTaskManagerEnded(request: NotifyTaskManagerEndedRequest, options?: CallOptions): Promise<Acknowledge>
  heartbeatFromResourceManager(request: JobMasterHeartbeatRequest, options?: CallOptions): Promise<Acknowledge>
  requestJob(request: RequestJobRequest, options?: CallOptions): Promise<RequestJobResponse>
  requestJobStatus(request: RequestJobRequest, options?: CallOptions): Promise<RequestJobStatusResponse>
  cancelJob(request: CancelJobRequest, options?: CallOptions): Promise<Acknowledge>
  stopJob(request: StopJobRequest, options?: CallOptions): Promise<Acknowledge>
  requestJobResourceRequirements(request: RequestJobRequest, options?: CallOptions): Promise<JobResourceRequirements>
  updateJobResourceRequirements(request: UpdateJobResourceRequirementsRequest, options?: CallOptions): Promise<Acknowledge>
  acknowledgeCheckpoint(request: AcknowledgeCheckpointRequest, options?: CallOptions): Promise<Acknowledge>
  declineCheckpoint(request: DeclineCheckpointRequest, options?: CallOptions): Promise<Acknowledge>
  triggerSavepoint(request: TriggerSavepointRequest, options?: CallOptions): Promise<SavepointResponse>
  stopWithSavepoint(request: StopWithSavepointRequest, options?: CallOptions): Promise<SavepointResponse>
  triggerManualCheckpoint(request: TriggerManualCheckpointRequest, options?: CallOptions): Promise<ManualCheckpointResponse>
  requestCheckpointStatistics(request: RequestCheckpointStatisticsRequest, options?: CallOptions): Promise<RequestCheckpointStatisticsResponse>
}

export interface SubmitJobRequest {
  /** JSON of JobGraph */
  readonly jobGraph: Uint8Array
}

export interface ListJobsRequest {
}

export interface JobIdWithStatus {
  readonly jobId: string
  readonly status: JobStatus
}

export interface ListJobsResponse {
  readonly jobs: readonly JobIdWithStatus[]
}

export interface RequestMultipleJobDetailsRequest {
}

export interface JobDetails {
  readonly jobId: string
  readonly name: string
  readonly jobType: string
  readonly status: JobStatus
  readonly startTimeMs: number
  /** -1: not ended */
  readonly endTimeMs: number
  readonly lastModificationMs: number
  /** tasks per ExecutionState name */
  readonly tasksPerState: { readonly [key: string]: number }
  readonly totalTasks: number
  /** what the job waits for now, for people; such as "waiting for slots: 4 required, 2 available" */
  readonly waitingFor?: string | undefined
  /** Default, Adaptive or AdaptiveBatch */
  readonly schedulerType: string
}

export interface RequestMultipleJobDetailsResponse {
  readonly jobs: readonly JobDetails[]
}

export interface JobResult {
  readonly jobId: string
  readonly name: string
  readonly status: JobStatus
  readonly startTimeMs: number
  readonly endTimeMs: number
  readonly failureCause?: ErrorInfo | undefined
  /** of all subtasks, merged */
  readonly accumulators: readonly AccumulatorSnapshot[]
}

export interface RequestJobResultResponse {
  /** absent: the job has not ended */
  readonly result?: JobResult | undefined
}

export interface RequestClusterOverviewRequest {
}

export interface ClusterOverview {
  readonly taskManagers: number
  readonly slotsTotal: number
  readonly slotsAvailable: number
  readonly jobsRunningOrPending: number
  readonly jobsFinished: number
  readonly jobsCancelled: number
  readonly jobsFailed: number
}

export interface ShutDownClusterRequest {
  readonly status: ApplicationStatus
}

export interface ReportJobClientHeartbeatRequest {
  readonly jobId: string
  /** the job is cancelled when no later heartbeat came until then */
  readonly expiredTimestampMs: number
}

/** Accepts jobs. Fenced by the Dispatcher's token. */
export interface DispatcherGateway {
  submitJob(request: SubmitJobRequest, options?: CallOptions): Promise<Acknowledge>
  listJobs(request: ListJobsRequest, options?: CallOptions): Promise<ListJobsResponse>
  requestMultipleJobDetails(request: RequestMultipleJobDetailsRequest, options?: CallOptions): Promise<RequestMultipleJobDetailsResponse>
  requestJob(request: RequestJobRequest, options?: CallOptions): Promise<RequestJobResponse>
  requestJobStatus(request: RequestJobRequest, options?: CallOptions): Promise<RequestJobStatusResponse>
  requestJobResult(request: RequestJobRequest, options?: CallOptions): Promise<RequestJobResultResponse>
  cancelJob(request: CancelJobRequest, options?: CallOptions): Promise<Acknowledge>
  requestClusterOverview(request: RequestClusterOverviewRequest, options?: CallOptions): Promise<ClusterOverview>
  shutDownCluster(request: ShutDownClusterRequest, options?: CallOptions): Promise<Acknowledge>
  reportJobClientHeartbeat(request: ReportJobClientHeartbeatRequest, options?: CallOptions): Promise<Acknowledge>
  requestJobResourceRequirements(request: RequestJobRequest, options?: CallOptions): Promise<JobResourceRequirements>
  updateJobResourceRequirements(request: UpdateJobResourceRequirementsRequest, options?: CallOptions): Promise<Acknowledge>
  triggerSavepoint(request: TriggerSavepointRequest, options?: CallOptions): Promise<Acknowledge>
  stopWithSavepoint(request: StopWithSavepointRequest, options?: CallOptions): Promise<Acknowledge>
  triggerManualCheckpoint(request: TriggerManualCheckpointRequest, options?: CallOptions): Promise<Acknowledge>
  disposeSavepoint(request: DisposeSavepointRequest, options?: CallOptions): Promise<Acknowledge>
  requestTriggeredOperation(request: TriggeredOperationRequest, options?: CallOptions): Promise<TriggeredOperationResponse>
  requestCheckpointStatistics(request: RequestCheckpointStatisticsRequest, options?: CallOptions): Promise<RequestCheckpointStatisticsResponse>
}

export interface GetBlobRequest {
  /** hex SHA-256 of the content */
  readonly key: string
  readonly offset: number
  /** the server may answer fewer */
  readonly maxBytes: number
}

export interface GetBlobResponse {
  readonly data: Uint8Array
  readonly totalBytes: number
}

/** Hands out content-addressed files piece by piece, so that a download can go on after a break. Unfenced. */
export interface BlobServerGateway {
  getBlob(request: GetBlobRequest, options?: CallOptions): Promise<GetBlobResponse>
}

/** What flink_runtime.proto says of the wire, as JSON of protobufjs. */
export const RUNTIME_DESCRIPTOR =
  '{"nested":{"flink":{"nested":{"runtime":{"nested":{"Acknowledge":{"fields":{}},"ErrorInfo":{"oneofs":{"_code":{"oneof":["code"]},"_retriable":{"oneof":["retriable"]},"_stack":{"oneof":["stack"]},"_cause":{"oneof":["cause"]},"_facts":{"oneof":["facts"]}},"fields":{"name":{"type":"string","id":1},"message":{"type":"string","id":2},"code":{"type":"string","id":3,"options":{"proto3_optional":true}},"retriable":{"type":"bool","id":4,"options":{"proto3_optional":true}},"stack":{"type":"string","id":5,"options":{"proto3_optional":true}},"cause":{"type":"ErrorInfo","id":6,"options":{"proto3_optional":true}},"facts":{"type":"ErrorFacts","id":7,"options":{"proto3_optional":true}}}},"ErrorFacts":{"fields":{"values":{"keyType":"string","type":"string","id":1}}},"LeaderToken":{"fields":{"epoch":{"type":"int64","id":1},"uuid":{"type":"string","id":2}}},"EndpointAddress":{"fields":{"address":{"type":"string","id":1},"endpointId":{"type":"string","id":2,"protoName":"endpoint_id"}}},"ResourceProfile":{"fields":{"cpuCores":{"type":"double","id":1,"protoName":"cpu_cores"},"taskHeapBytes":{"type":"int64","id":2,"protoName":"task_heap_bytes"},"taskOffHeapBytes":{"type":"int64","id":3,"protoName":"task_off_heap_bytes"},"managedBytes":{"type":"int64","id":4,"protoName":"managed_bytes"},"networkBytes":{"type":"int64","id":5,"protoName":"network_bytes"},"extendedResources":{"keyType":"string","type":"double","id":6,"protoName":"extended_resources"}}},"ResourceRequirement":{"oneofs":{"_profile":{"oneof":["profile"]}},"fields":{"profile":{"type":"ResourceProfile","id":1,"options":{"proto3_optional":true}},"numberOfRequiredSlots":{"type":"int32","id":2,"protoName":"number_of_required_slots"}}},"ExecutionState":{"values":{"CREATED":0,"SCHEDULED":1,"DEPLOYING":2,"INITIALIZING":3,"RUNNING":4,"FINISHED":5,"CANCELING":6,"CANCELED":7,"FAILED":8,"RECONCILING":9}},"JobStatus":{"fields":{},"nested":{"Value":{"values":{"INITIALIZING":0,"CREATED":1,"RUNNING":2,"FAILING":3,"FAILED":4,"CANCELLING":5,"CANCELED":6,"FINISHED":7,"RESTARTING":8,"SUSPENDED":9,"RECONCILING":10}}}},"ApplicationStatus":{"fields":{},"nested":{"Value":{"values":{"UNKNOWN":0,"SUCCEEDED":1,"FAILED":2,"CANCELED":3}}}},"RequestLeaderRequest":{"oneofs":{"_jobId":{"oneof":["jobId"]}},"fields":{"component":{"type":"string","id":1},"jobId":{"type":"string","id":2,"protoName":"job_id","options":{"proto3_optional":true}}}},"RequestLeaderResponse":{"oneofs":{"_endpoint":{"oneof":["endpoint"]},"_token":{"oneof":["token"]}},"fields":{"endpoint":{"type":"EndpointAddress","id":1,"options":{"proto3_optional":true}},"token":{"type":"LeaderToken","id":2,"options":{"proto3_optional":true}}}},"LeaderGateway":{"methods":{"RequestLeader":{"requestType":"RequestLeaderRequest","responseType":"RequestLeaderResponse"}}},"SlotId":{"fields":{"resourceId":{"type":"string","id":1,"protoName":"resource_id"},"slotNumber":{"type":"int32","id":2,"protoName":"slot_number"}}},"SlotStatus":{"oneofs":{"_allocationId":{"oneof":["allocationId"]},"_jobId":{"oneof":["jobId"]}},"fields":{"slotId":{"type":"SlotId","id":1,"protoName":"slot_id"},"profile":{"type":"ResourceProfile","id":2},"allocationId":{"type":"string","id":3,"protoName":"allocation_id","options":{"proto3_optional":true}},"jobId":{"type":"string","id":4,"protoName":"job_id","options":{"proto3_optional":true}},"assignedTasks":{"type":"int32","id":5,"protoName":"assigned_tasks"}}},"SlotReport":{"fields":{"slots":{"rule":"repeated","type":"SlotStatus","id":1}}},"SlotOffer":{"fields":{"allocationId":{"type":"string","id":1,"protoName":"allocation_id"},"slotIndex":{"type":"int32","id":2,"protoName":"slot_index"},"profile":{"type":"ResourceProfile","id":3}}},"HardwareDescription":{"fields":{"cpuCores":{"type":"int32","id":1,"protoName":"cpu_cores"},"physicalMemoryBytes":{"type":"int64","id":2,"protoName":"physical_memory_bytes"},"freeMemoryBytes":{"type":"int64","id":3,"protoName":"free_memory_bytes"},"managedMemoryBytes":{"type":"int64","id":4,"protoName":"managed_memory_bytes"}}},"TaskManagerMemoryConfiguration":{"fields":{"frameworkHeap":{"type":"int64","id":1,"protoName":"framework_heap"},"taskHeap":{"type":"int64","id":2,"protoName":"task_heap"},"frameworkOffHeap":{"type":"int64","id":3,"protoName":"framework_off_heap"},"taskOffHeap":{"type":"int64","id":4,"protoName":"task_off_heap"},"networkMemory":{"type":"int64","id":5,"protoName":"network_memory"},"managedMemory":{"type":"int64","id":6,"protoName":"managed_memory"},"jvmMetaspace":{"type":"int64","id":7,"protoName":"jvm_metaspace"},"jvmOverhead":{"type":"int64","id":8,"protoName":"jvm_overhead"},"totalFlinkMemory":{"type":"int64","id":9,"protoName":"total_flink_memory"},"totalProcessMemory":{"type":"int64","id":10,"protoName":"total_process_memory"}}},"TaskManagerLocation":{"fields":{"resourceId":{"type":"string","id":1,"protoName":"resource_id"},"host":{"type":"string","id":2},"dataPort":{"type":"int32","id":3,"protoName":"data_port"},"nodeId":{"type":"string","id":4,"protoName":"node_id"}}},"RegistrationId":{"fields":{"processId":{"type":"string","id":1,"protoName":"process_id"},"attempt":{"type":"int64","id":2}}},"RegisterTaskExecutorRequest":{"fields":{"taskExecutor":{"type":"EndpointAddress","id":1,"protoName":"task_executor"},"location":{"type":"TaskManagerLocation","id":2},"hardware":{"type":"HardwareDescription","id":3},"memory":{"type":"TaskManagerMemoryConfiguration","id":4},"numberOfSlots":{"type":"int32","id":5,"protoName":"number_of_slots"},"defaultSlotProfile":{"type":"ResourceProfile","id":6,"protoName":"default_slot_profile"},"totalProfile":{"type":"ResourceProfile","id":7,"protoName":"total_profile"},"registrationId":{"type":"RegistrationId","id":8,"protoName":"registration_id"}}},"RegisterTaskExecutorResponse":{"oneofs":{"result":{"oneof":["success","rejection"]},"_unknownWorker":{"oneof":["unknownWorker"]}},"fields":{"success":{"type":"RegisterTaskExecutorSuccess","id":1},"rejection":{"type":"string","id":2},"unknownWorker":{"type":"bool","id":3,"protoName":"unknown_worker","options":{"proto3_optional":true}}}},"RegisterTaskExecutorSuccess":{"fields":{"instanceId":{"type":"string","id":1,"protoName":"instance_id"},"resourceManagerId":{"type":"string","id":2,"protoName":"resource_manager_id"},"blobServer":{"type":"EndpointAddress","id":3,"protoName":"blob_server"}}},"SendSlotReportRequest":{"fields":{"resourceId":{"type":"string","id":1,"protoName":"resource_id"},"instanceId":{"type":"string","id":2,"protoName":"instance_id"},"report":{"type":"SlotReport","id":3}}},"NotifySlotAvailableRequest":{"fields":{"resourceId":{"type":"string","id":1,"protoName":"resource_id"},"instanceId":{"type":"string","id":2,"protoName":"instance_id"},"slotId":{"type":"SlotId","id":3,"protoName":"slot_id"},"allocationId":{"type":"string","id":4,"protoName":"allocation_id"}}},"DisconnectTaskExecutorRequest":{"fields":{"resourceId":{"type":"string","id":1,"protoName":"resource_id"},"cause":{"type":"ErrorInfo","id":2}}},"RegisterJobMasterRequest":{"fields":{"jobId":{"type":"string","id":1,"protoName":"job_id"},"jobMaster":{"type":"EndpointAddress","id":2,"protoName":"job_master"},"jobMasterToken":{"type":"LeaderToken","id":3,"protoName":"job_master_token"},"jobMasterResourceId":{"type":"string","id":4,"protoName":"job_master_resource_id"}}},"RegisterJobMasterResponse":{"oneofs":{"result":{"oneof":["success","rejection"]}},"fields":{"success":{"type":"RegisterJobMasterSuccess","id":1},"rejection":{"type":"string","id":2}}},"RegisterJobMasterSuccess":{"oneofs":{"_explainsEnds":{"oneof":["explainsEnds"]}},"fields":{"resourceManagerId":{"type":"string","id":1,"protoName":"resource_manager_id"},"explainsEnds":{"type":"bool","id":2,"protoName":"explains_ends","options":{"proto3_optional":true}}}},"DeclareRequiredResourcesRequest":{"fields":{"jobId":{"type":"string","id":1,"protoName":"job_id"},"jobMasterToken":{"type":"LeaderToken","id":2,"protoName":"job_master_token"},"version":{"type":"int64","id":3},"requirements":{"rule":"repeated","type":"ResourceRequirement","id":4}}},"DisconnectJobMasterRequest":{"fields":{"jobId":{"type":"string","id":1,"protoName":"job_id"},"jobMasterToken":{"type":"LeaderToken","id":2,"protoName":"job_master_token"},"jobStatus":{"type":"JobStatus.Value","id":3,"protoName":"job_status"}}},"RequestTaskManagersRequest":{"oneofs":{"_resourceId":{"oneof":["resourceId"]}},"fields":{"resourceId":{"type":"string","id":1,"protoName":"resource_id","options":{"proto3_optional":true}}}},"TaskManagerInfo":{"fields":{"resourceId":{"type":"string","id":1,"protoName":"resource_id"},"taskExecutor":{"type":"EndpointAddress","id":2,"protoName":"task_executor"},"location":{"type":"TaskManagerLocation","id":3},"lastHeartbeatMs":{"type":"int64","id":4,"protoName":"last_heartbeat_ms"},"numberOfSlots":{"type":"int32","id":5,"protoName":"number_of_slots"},"numberOfFreeSlots":{"type":"int32","id":6,"protoName":"number_of_free_slots"},"assignedTasks":{"type":"int32","id":7,"protoName":"assigned_tasks"},"totalProfile":{"type":"ResourceProfile","id":8,"protoName":"total_profile"},"freeProfile":{"type":"ResourceProfile","id":9,"protoName":"free_profile"},"hardware":{"type":"HardwareDescription","id":10},"memory":{"type":"TaskManagerMemoryConfiguration","id":11},"allocatedSlots":{"rule":"repeated","type":"AllocatedSlotInfo","id":12,"protoName":"allocated_slots"},"metrics":{"keyType":"string","type":"double","id":13}}},"AllocatedSlotInfo":{"fields":{"jobId":{"type":"string","id":1,"protoName":"job_id"},"profile":{"type":"ResourceProfile","id":2},"assignedTasks":{"type":"int32","id":3,"protoName":"assigned_tasks"}}},"RequestTaskManagersResponse":{"fields":{"taskManagers":{"rule":"repeated","type":"TaskManagerInfo","id":1,"protoName":"task_managers"}}},"RequestResourceOverviewRequest":{"fields":{}},"ResourceOverview":{"fields":{"taskManagers":{"type":"int32","id":1,"protoName":"task_managers"},"slotsTotal":{"type":"int32","id":2,"protoName":"slots_total"},"slotsAvailable":{"type":"int32","id":3,"protoName":"slots_available"}}},"BlockedNode":{"fields":{"nodeId":{"type":"string","id":1,"protoName":"node_id"},"cause":{"type":"string","id":2},"endTimestampMs":{"type":"int64","id":3,"protoName":"end_timestamp_ms"}}},"NotifyNewBlockedNodesRequest":{"fields":{"nodes":{"rule":"repeated","type":"BlockedNode","id":1}}},"DeregisterApplicationRequest":{"fields":{"status":{"type":"ApplicationStatus.Value","id":1},"diagnostics":{"type":"string","id":2}}},"ResourceManagerGateway":{"methods":{"RegisterTaskExecutor":{"requestType":"RegisterTaskExecutorRequest","responseType":"RegisterTaskExecutorResponse"},"SendSlotReport":{"requestType":"SendSlotReportRequest","responseType":"Acknowledge"},"NotifySlotAvailable":{"requestType":"NotifySlotAvailableRequest","responseType":"Acknowledge"},"DisconnectTaskExecutor":{"requestType":"DisconnectTaskExecutorRequest","responseType":"Acknowledge"},"RegisterJobMaster":{"requestType":"RegisterJobMasterRequest","responseType":"RegisterJobMasterResponse"},"DeclareRequiredResources":{"requestType":"DeclareRequiredResourcesRequest","responseType":"Acknowledge"},"DisconnectJobMaster":{"requestType":"DisconnectJobMasterRequest","responseType":"Acknowledge"},"RequestTaskManagers":{"requestType":"RequestTaskManagersRequest","responseType":"RequestTaskManagersResponse"},"RequestResourceOverview":{"requestType":"RequestResourceOverviewRequest","responseType":"ResourceOverview"},"DeregisterApplication":{"requestType":"DeregisterApplicationRequest","responseType":"Acknowledge"},"NotifyNewBlockedNodes":{"requestType":"NotifyNewBlockedNodesRequest","responseType":"Acknowledge"}}},"RequestSlotRequest":{"oneofs":{"_profile":{"oneof":["profile"]}},"fields":{"slotId":{"type":"SlotId","id":1,"protoName":"slot_id"},"jobId":{"type":"string","id":2,"protoName":"job_id"},"allocationId":{"type":"string","id":3,"protoName":"allocation_id"},"profile":{"type":"ResourceProfile","id":4,"options":{"proto3_optional":true}},"jobMaster":{"type":"EndpointAddress","id":5,"protoName":"job_master"},"jobMasterToken":{"type":"LeaderToken","id":6,"protoName":"job_master_token"},"resourceManagerToken":{"type":"LeaderToken","id":7,"protoName":"resource_manager_token"}}},"TaskDeploymentDescriptor":{"oneofs":{"_taskRestore":{"oneof":["taskRestore"]}},"fields":{"jobId":{"type":"string","id":1,"protoName":"job_id"},"executionAttemptId":{"type":"string","id":2,"protoName":"execution_attempt_id"},"allocationId":{"type":"string","id":3,"protoName":"allocation_id"},"subtaskIndex":{"type":"int32","id":4,"protoName":"subtask_index"},"attemptNumber":{"type":"int32","id":5,"protoName":"attempt_number"},"jobInformation":{"type":"bytes","id":6,"protoName":"job_information"},"taskInformation":{"type":"bytes","id":7,"protoName":"task_information"},"producedPartitions":{"type":"bytes","id":8,"protoName":"produced_partitions"},"inputGates":{"type":"bytes","id":9,"protoName":"input_gates"},"jobMaster":{"type":"EndpointAddress","id":10,"protoName":"job_master"},"jobMasterToken":{"type":"LeaderToken","id":11,"protoName":"job_master_token"},"taskRestore":{"type":"bytes","id":12,"protoName":"task_restore","options":{"proto3_optional":true}}}},"SubmitTaskRequest":{"fields":{"descriptor":{"type":"TaskDeploymentDescriptor","id":1}}},"CancelTaskRequest":{"fields":{"executionAttemptId":{"type":"string","id":1,"protoName":"execution_attempt_id"}}},"OperatorEventRequest":{"fields":{"executionAttemptId":{"type":"string","id":1,"protoName":"execution_attempt_id"},"operatorId":{"type":"string","id":2,"protoName":"operator_id"},"sequence":{"type":"int64","id":3},"payload":{"type":"bytes","id":4}}},"CheckpointOptions":{"oneofs":{"_targetLocation":{"oneof":["targetLocation"]}},"fields":{"snapshotType":{"type":"string","id":1,"protoName":"snapshot_type"},"alignment":{"type":"string","id":2},"alignedTimeoutMs":{"type":"int64","id":3,"protoName":"aligned_timeout_ms"},"targetLocation":{"type":"string","id":4,"protoName":"target_location","options":{"proto3_optional":true}}}},"TriggerCheckpointRequest":{"fields":{"executionAttemptIds":{"rule":"repeated","type":"string","id":1,"protoName":"execution_attempt_ids"},"checkpointId":{"type":"int64","id":2,"protoName":"checkpoint_id"},"timestampMs":{"type":"double","id":3,"protoName":"timestamp_ms"},"options":{"type":"CheckpointOptions","id":4}}},"TriggerCheckpointResponse":{"fields":{"refusedExecutionAttemptIds":{"rule":"repeated","type":"string","id":1,"protoName":"refused_execution_attempt_ids"}}},"NotifyCheckpointRequest":{"fields":{"executionAttemptIds":{"rule":"repeated","type":"string","id":1,"protoName":"execution_attempt_ids"},"checkpointId":{"type":"int64","id":2,"protoName":"checkpoint_id"},"timestampMs":{"type":"double","id":3,"protoName":"timestamp_ms"},"latestCompletedId":{"type":"int64","id":4,"protoName":"latest_completed_id"}}},"FreeSlotRequest":{"fields":{"allocationId":{"type":"string","id":1,"protoName":"allocation_id"},"cause":{"type":"ErrorInfo","id":2}}},"ReleasePartitionsRequest":{"fields":{"jobId":{"type":"string","id":1,"protoName":"job_id"},"partitionIds":{"rule":"repeated","type":"string","id":2,"protoName":"partition_ids"}}},"TaskExecutorHeartbeatFromResourceManagerRequest":{"fields":{"resourceManagerId":{"type":"string","id":1,"protoName":"resource_manager_id"}}},"TaskExecutorHeartbeatPayload":{"fields":{"report":{"type":"SlotReport","id":1},"metrics":{"keyType":"string","type":"double","id":2}}},"TaskExecutorHeartbeatFromJobMasterRequest":{"oneofs":{"_latestCompletedCheckpointId":{"oneof":["latestCompletedCheckpointId"]}},"fields":{"jobId":{"type":"string","id":1,"protoName":"job_id"},"allocationIds":{"rule":"repeated","type":"string","id":2,"protoName":"allocation_ids"},"latestCompletedCheckpointId":{"type":"int64","id":3,"protoName":"latest_completed_checkpoint_id","options":{"proto3_optional":true}}}},"ExecutionDeploymentReport":{"fields":{"executionAttemptIds":{"rule":"repeated","type":"string","id":1,"protoName":"execution_attempt_ids"}}},"TaskExecutorToJobMasterHeartbeatPayload":{"fields":{"deployment":{"type":"ExecutionDeploymentReport","id":1},"metrics":{"rule":"repeated","type":"TaskMetrics","id":2}}},"DisconnectJobMasterFromTaskExecutorRequest":{"fields":{"jobId":{"type":"string","id":1,"protoName":"job_id"},"cause":{"type":"ErrorInfo","id":2}}},"DisconnectResourceManagerRequest":{"fields":{"cause":{"type":"ErrorInfo","id":1}}},"CanBeReleasedRequest":{"fields":{}},"CanBeReleasedResponse":{"fields":{"canBeReleased":{"type":"bool","id":1,"protoName":"can_be_released"}}},"RequestTaskMetricsRequest":{"fields":{"jobId":{"type":"string","id":1,"protoName":"job_id"}}},"RequestTaskMetricsResponse":{"fields":{"metrics":{"rule":"repeated","type":"TaskMetrics","id":1}}},"IOMetrics":{"fields":{"numRecordsIn":{"type":"int64","id":1,"protoName":"num_records_in"},"numRecordsOut":{"type":"int64","id":2,"protoName":"num_records_out"},"numBytesIn":{"type":"int64","id":3,"protoName":"num_bytes_in"},"numBytesOut":{"type":"int64","id":4,"protoName":"num_bytes_out"},"numBuffersOut":{"type":"int64","id":5,"protoName":"num_buffers_out"},"accumulatedBusyMs":{"type":"double","id":6,"protoName":"accumulated_busy_ms"},"accumulatedIdleMs":{"type":"double","id":7,"protoName":"accumulated_idle_ms"},"accumulatedBackPressuredMs":{"type":"double","id":8,"protoName":"accumulated_back_pressured_ms"}}},"ChannelMetrics":{"fields":{"direction":{"type":"string","id":1},"gate":{"type":"int32","id":2},"channel":{"type":"int32","id":3},"remote":{"type":"bool","id":4},"numBytes":{"type":"int64","id":5,"protoName":"num_bytes"},"numBuffers":{"type":"int64","id":6,"protoName":"num_buffers"}}},"AccumulatorSnapshot":{"fields":{"name":{"type":"string","id":1},"type":{"type":"string","id":2},"value":{"type":"string","id":3},"failure":{"type":"string","id":4}}},"TaskMetrics":{"fields":{"executionAttemptId":{"type":"string","id":1,"protoName":"execution_attempt_id"},"io":{"type":"IOMetrics","id":2},"channels":{"rule":"repeated","type":"ChannelMetrics","id":3},"values":{"keyType":"string","type":"double","id":4},"accumulators":{"rule":"repeated","type":"AccumulatorSnapshot","id":5}}},"TaskExecutorGateway":{"methods":{"RequestSlot":{"requestType":"RequestSlotRequest","responseType":"Acknowledge"},"SubmitTask":{"requestType":"SubmitTaskRequest","responseType":"Acknowledge"},"CancelTask":{"requestType":"CancelTaskRequest","responseType":"Acknowledge"},"SendOperatorEventToTask":{"requestType":"OperatorEventRequest","responseType":"Acknowledge"},"FreeSlot":{"requestType":"FreeSlotRequest","responseType":"Acknowledge"},"ReleasePartitions":{"requestType":"ReleasePartitionsRequest","responseType":"Acknowledge"},"HeartbeatFromResourceManager":{"requestType":"TaskExecutorHeartbeatFromResourceManagerRequest","responseType":"TaskExecutorHeartbeatPayload"},"HeartbeatFromJobMaster":{"requestType":"TaskExecutorHeartbeatFromJobMasterRequest","responseType":"TaskExecutorToJobMasterHeartbeatPayload"},"DisconnectJobMaster":{"requestType":"DisconnectJobMasterFromTaskExecutorRequest","responseType":"Acknowledge"},"DisconnectResourceManager":{"requestType":"DisconnectResourceManagerRequest","responseType":"Acknowledge"},"RequestTaskMetrics":{"requestType":"RequestTaskMetricsRequest","responseType":"RequestTaskMetricsResponse"},"CanBeReleased":{"requestType":"CanBeReleasedRequest","responseType":"CanBeReleasedResponse"},"TriggerCheckpoint":{"requestType":"TriggerCheckpointRequest","responseType":"TriggerCheckpointResponse"},"NotifyCheckpointComplete":{"requestType":"NotifyCheckpointRequest","responseType":"Acknowledge"},"NotifyCheckpointAborted":{"requestType":"NotifyCheckpointRequest","responseType":"Acknowledge"}}},"RegisterTaskManagerRequest":{"fields":{"jobId":{"type":"string","id":1,"protoName":"job_id"},"taskExecutor":{"type":"EndpointAddress","id":2,"protoName":"task_executor"},"location":{"type":"TaskManagerLocation","id":3}}},"RegisterTaskManagerResponse":{"oneofs":{"result":{"oneof":["success","rejection"]}},"fields":{"success":{"type":"RegisterTaskManagerSuccess","id":1},"rejection":{"type":"string","id":2}}},"RegisterTaskManagerSuccess":{"fields":{"jobMasterResourceId":{"type":"string","id":1,"protoName":"job_master_resource_id"}}},"OfferSlotsRequest":{"fields":{"resourceId":{"type":"string","id":1,"protoName":"resource_id"},"offers":{"rule":"repeated","type":"SlotOffer","id":2}}},"OfferSlotsResponse":{"fields":{"acceptedAllocationIds":{"rule":"repeated","type":"string","id":1,"protoName":"accepted_allocation_ids"}}},"FailSlotRequest":{"fields":{"resourceId":{"type":"string","id":1,"protoName":"resource_id"},"allocationId":{"type":"string","id":2,"protoName":"allocation_id"},"cause":{"type":"ErrorInfo","id":3}}},"DisconnectTaskManagerRequest":{"fields":{"resourceId":{"type":"string","id":1,"protoName":"resource_id"},"cause":{"type":"ErrorInfo","id":2}}},"UpdateTaskExecutionStateRequest":{"oneofs":{"_error":{"oneof":["error"]},"_metrics":{"oneof":["metrics"]}},"fields":{"executionAttemptId":{"type":"string","id":1,"protoName":"execution_attempt_id"},"state":{"type":"ExecutionState","id":2},"error":{"type":"ErrorInfo","id":3,"options":{"proto3_optional":true}},"metrics":{"type":"TaskMetrics","id":4,"options":{"proto3_optional":true}}}},"NotifyNotEnoughResourcesRequest":{"oneofs":{"_reason":{"oneof":["reason"]}},"fields":{"acquired":{"rule":"repeated","type":"ResourceRequirement","id":1},"reason":{"type":"string","id":2,"options":{"proto3_optional":true}}}},"NotifyTaskManagerEndedRequest":{"fields":{"resourceId":{"type":"string","id":1,"protoName":"resource_id"},"diagnostics":{"type":"string","id":2}}},"JobMasterHeartbeatRequest":{"fields":{"resourceManagerId":{"type":"string","id":1,"protoName":"resource_manager_id"}}},"RequestJobRequest":{"fields":{"jobId":{"type":"string","id":1,"protoName":"job_id"}}},"RequestJobResponse":{"fields":{"executionGraph":{"type":"bytes","id":1,"protoName":"execution_graph"}}},"RequestJobStatusResponse":{"fields":{"status":{"type":"JobStatus.Value","id":1}}},"StopJobRequest":{"fields":{"jobId":{"type":"string","id":1,"protoName":"job_id"},"drain":{"type":"bool","id":2}}},"CancelJobRequest":{"fields":{"jobId":{"type":"string","id":1,"protoName":"job_id"}}},"AcknowledgeCheckpointRequest":{"fields":{"executionAttemptId":{"type":"string","id":1,"protoName":"execution_attempt_id"},"checkpointId":{"type":"int64","id":2,"protoName":"checkpoint_id"},"subtaskState":{"type":"bytes","id":3,"protoName":"subtask_state"},"metrics":{"type":"bytes","id":4}}},"DeclineCheckpointRequest":{"oneofs":{"_cause":{"oneof":["cause"]}},"fields":{"executionAttemptId":{"type":"string","id":1,"protoName":"execution_attempt_id"},"checkpointId":{"type":"int64","id":2,"protoName":"checkpoint_id"},"reason":{"type":"string","id":3},"cause":{"type":"ErrorInfo","id":4,"options":{"proto3_optional":true}}}},"TriggerSavepointRequest":{"oneofs":{"_targetDirectory":{"oneof":["targetDirectory"]}},"fields":{"jobId":{"type":"string","id":1,"protoName":"job_id"},"targetDirectory":{"type":"string","id":2,"protoName":"target_directory","options":{"proto3_optional":true}},"cancelJob":{"type":"bool","id":3,"protoName":"cancel_job"},"formatType":{"type":"string","id":4,"protoName":"format_type"},"triggerId":{"type":"string","id":5,"protoName":"trigger_id"}}},"StopWithSavepointRequest":{"oneofs":{"_targetDirectory":{"oneof":["targetDirectory"]}},"fields":{"jobId":{"type":"string","id":1,"protoName":"job_id"},"targetDirectory":{"type":"string","id":2,"protoName":"target_directory","options":{"proto3_optional":true}},"drain":{"type":"bool","id":3},"formatType":{"type":"string","id":4,"protoName":"format_type"},"triggerId":{"type":"string","id":5,"protoName":"trigger_id"}}},"TriggerManualCheckpointRequest":{"fields":{"jobId":{"type":"string","id":1,"protoName":"job_id"},"checkpointType":{"type":"string","id":2,"protoName":"checkpoint_type"},"triggerId":{"type":"string","id":3,"protoName":"trigger_id"}}},"SavepointResponse":{"fields":{"location":{"type":"string","id":1}}},"ManualCheckpointResponse":{"fields":{"checkpointId":{"type":"int64","id":1,"protoName":"checkpoint_id"},"location":{"type":"string","id":2}}},"DisposeSavepointRequest":{"fields":{"savepointPath":{"type":"string","id":1,"protoName":"savepoint_path"},"triggerId":{"type":"string","id":2,"protoName":"trigger_id"}}},"TriggeredOperationRequest":{"fields":{"jobId":{"type":"string","id":1,"protoName":"job_id"},"triggerId":{"type":"string","id":2,"protoName":"trigger_id"}}},"TriggeredOperationResponse":{"oneofs":{"_location":{"oneof":["location"]},"_checkpointId":{"oneof":["checkpointId"]},"_failureCause":{"oneof":["failureCause"]}},"fields":{"status":{"type":"string","id":1},"location":{"type":"string","id":2,"options":{"proto3_optional":true}},"checkpointId":{"type":"int64","id":3,"protoName":"checkpoint_id","options":{"proto3_optional":true}},"failureCause":{"type":"ErrorInfo","id":4,"protoName":"failure_cause","options":{"proto3_optional":true}}}},"RequestCheckpointStatisticsRequest":{"oneofs":{"_checkpointId":{"oneof":["checkpointId"]},"_vertexId":{"oneof":["vertexId"]}},"fields":{"jobId":{"type":"string","id":1,"protoName":"job_id"},"kind":{"type":"string","id":2},"checkpointId":{"type":"int64","id":3,"protoName":"checkpoint_id","options":{"proto3_optional":true}},"vertexId":{"type":"string","id":4,"protoName":"vertex_id","options":{"proto3_optional":true}}}},"RequestCheckpointStatisticsResponse":{"oneofs":{"_json":{"oneof":["json"]}},"fields":{"json":{"type":"bytes","id":1,"options":{"proto3_optional":true}}}},"VertexParallelismBounds":{"fields":{"vertexId":{"type":"string","id":1,"protoName":"vertex_id"},"lowerBound":{"type":"int32","id":2,"protoName":"lower_bound"},"upperBound":{"type":"int32","id":3,"protoName":"upper_bound"}}},"JobResourceRequirements":{"fields":{"vertices":{"rule":"repeated","type":"VertexParallelismBounds","id":1}}},"UpdateJobResourceRequirementsRequest":{"fields":{"jobId":{"type":"string","id":1,"protoName":"job_id"},"requirements":{"type":"JobResourceRequirements","id":2}}},"JobMasterGateway":{"methods":{"RegisterTaskManager":{"requestType":"RegisterTaskManagerRequest","responseType":"RegisterTaskManagerResponse"},"OfferSlots":{"requestType":"OfferSlotsRequest","responseType":"OfferSlotsResponse"},"FailSlot":{"requestType":"FailSlotRequest","responseType":"Acknowledge"},"DisconnectTaskManager":{"requestType":"DisconnectTaskManagerRequest","responseType":"Acknowledge"},"DisconnectResourceManager":{"requestType":"DisconnectResourceManagerRequest","responseType":"Acknowledge"},"UpdateTaskExecutionState":{"requestType":"UpdateTaskExecutionStateRequest","responseType":"Acknowledge"},"SendOperatorEventToCoordinator":{"requestType":"OperatorEventRequest","responseType":"Acknowledge"},"NotifyNotEnoughResources":{"requestType":"NotifyNotEnoughResourcesRequest","responseType":"Acknowledge"},"NotifyTaskManagerEnded":{"requestType":"NotifyTaskManagerEndedRequest","responseType":"Acknowledge"},"HeartbeatFromResourceManager":{"requestType":"JobMasterHeartbeatRequest","responseType":"Acknowledge"},"RequestJob":{"requestType":"RequestJobRequest","responseType":"RequestJobResponse"},"RequestJobStatus":{"requestType":"RequestJobRequest","responseType":"RequestJobStatusResponse"},"CancelJob":{"requestType":"CancelJobRequest","responseType":"Acknowledge"},"StopJob":{"requestType":"StopJobRequest","responseType":"Acknowledge"},"RequestJobResourceRequirements":{"requestType":"RequestJobRequest","responseType":"JobResourceRequirements"},"UpdateJobResourceRequirements":{"requestType":"UpdateJobResourceRequirementsRequest","responseType":"Acknowledge"},"AcknowledgeCheckpoint":{"requestType":"AcknowledgeCheckpointRequest","responseType":"Acknowledge"},"DeclineCheckpoint":{"requestType":"DeclineCheckpointRequest","responseType":"Acknowledge"},"TriggerSavepoint":{"requestType":"TriggerSavepointRequest","responseType":"SavepointResponse"},"StopWithSavepoint":{"requestType":"StopWithSavepointRequest","responseType":"SavepointResponse"},"TriggerManualCheckpoint":{"requestType":"TriggerManualCheckpointRequest","responseType":"ManualCheckpointResponse"},"RequestCheckpointStatistics":{"requestType":"RequestCheckpointStatisticsRequest","responseType":"RequestCheckpointStatisticsResponse"}}},"SubmitJobRequest":{"fields":{"jobGraph":{"type":"bytes","id":1,"protoName":"job_graph"}}},"ListJobsRequest":{"fields":{}},"JobIdWithStatus":{"fields":{"jobId":{"type":"string","id":1,"protoName":"job_id"},"status":{"type":"JobStatus.Value","id":2}}},"ListJobsResponse":{"fields":{"jobs":{"rule":"repeated","type":"JobIdWithStatus","id":1}}},"RequestMultipleJobDetailsRequest":{"fields":{}},"JobDetails":{"oneofs":{"_waitingFor":{"oneof":["waitingFor"]}},"fields":{"jobId":{"type":"string","id":1,"protoName":"job_id"},"name":{"type":"string","id":2},"jobType":{"type":"string","id":3,"protoName":"job_type"},"status":{"type":"JobStatus.Value","id":4},"startTimeMs":{"type":"int64","id":5,"protoName":"start_time_ms"},"endTimeMs":{"type":"int64","id":6,"protoName":"end_time_ms"},"lastModificationMs":{"type":"int64","id":7,"protoName":"last_modification_ms"},"tasksPerState":{"keyType":"string","type":"int32","id":8,"protoName":"tasks_per_state"},"totalTasks":{"type":"int32","id":9,"protoName":"total_tasks"},"waitingFor":{"type":"string","id":10,"protoName":"waiting_for","options":{"proto3_optional":true}},"schedulerType":{"type":"string","id":11,"protoName":"scheduler_type"}}},"RequestMultipleJobDetailsResponse":{"fields":{"jobs":{"rule":"repeated","type":"JobDetails","id":1}}},"JobResult":{"oneofs":{"_failureCause":{"oneof":["failureCause"]}},"fields":{"jobId":{"type":"string","id":1,"protoName":"job_id"},"name":{"type":"string","id":2},"status":{"type":"JobStatus.Value","id":3},"startTimeMs":{"type":"int64","id":4,"protoName":"start_time_ms"},"endTimeMs":{"type":"int64","id":5,"protoName":"end_time_ms"},"failureCause":{"type":"ErrorInfo","id":6,"protoName":"failure_cause","options":{"proto3_optional":true}},"accumulators":{"rule":"repeated","type":"AccumulatorSnapshot","id":7}}},"RequestJobResultResponse":{"oneofs":{"_result":{"oneof":["result"]}},"fields":{"result":{"type":"JobResult","id":1,"options":{"proto3_optional":true}}}},"RequestClusterOverviewRequest":{"fields":{}},"ClusterOverview":{"fields":{"taskManagers":{"type":"int32","id":1,"protoName":"task_managers"},"slotsTotal":{"type":"int32","id":2,"protoName":"slots_total"},"slotsAvailable":{"type":"int32","id":3,"protoName":"slots_available"},"jobsRunningOrPending":{"type":"int32","id":4,"protoName":"jobs_running_or_pending"},"jobsFinished":{"type":"int32","id":5,"protoName":"jobs_finished"},"jobsCancelled":{"type":"int32","id":6,"protoName":"jobs_cancelled"},"jobsFailed":{"type":"int32","id":7,"protoName":"jobs_failed"}}},"ShutDownClusterRequest":{"fields":{"status":{"type":"ApplicationStatus.Value","id":1}}},"ReportJobClientHeartbeatRequest":{"fields":{"jobId":{"type":"string","id":1,"protoName":"job_id"},"expiredTimestampMs":{"type":"int64","id":2,"protoName":"expired_timestamp_ms"}}},"DispatcherGateway":{"methods":{"SubmitJob":{"requestType":"SubmitJobRequest","responseType":"Acknowledge"},"ListJobs":{"requestType":"ListJobsRequest","responseType":"ListJobsResponse"},"RequestMultipleJobDetails":{"requestType":"RequestMultipleJobDetailsRequest","responseType":"RequestMultipleJobDetailsResponse"},"RequestJob":{"requestType":"RequestJobRequest","responseType":"RequestJobResponse"},"RequestJobStatus":{"requestType":"RequestJobRequest","responseType":"RequestJobStatusResponse"},"RequestJobResult":{"requestType":"RequestJobRequest","responseType":"RequestJobResultResponse"},"CancelJob":{"requestType":"CancelJobRequest","responseType":"Acknowledge"},"RequestClusterOverview":{"requestType":"RequestClusterOverviewRequest","responseType":"ClusterOverview"},"ShutDownCluster":{"requestType":"ShutDownClusterRequest","responseType":"Acknowledge"},"ReportJobClientHeartbeat":{"requestType":"ReportJobClientHeartbeatRequest","responseType":"Acknowledge"},"RequestJobResourceRequirements":{"requestType":"RequestJobRequest","responseType":"JobResourceRequirements"},"UpdateJobResourceRequirements":{"requestType":"UpdateJobResourceRequirementsRequest","responseType":"Acknowledge"},"TriggerSavepoint":{"requestType":"TriggerSavepointRequest","responseType":"Acknowledge"},"StopWithSavepoint":{"requestType":"StopWithSavepointRequest","responseType":"Acknowledge"},"TriggerManualCheckpoint":{"requestType":"TriggerManualCheckpointRequest","responseType":"Acknowledge"},"DisposeSavepoint":{"requestType":"DisposeSavepointRequest","responseType":"Acknowledge"},"RequestTriggeredOperation":{"requestType":"TriggeredOperationRequest","responseType":"TriggeredOperationResponse"},"RequestCheckpointStatistics":{"requestType":"RequestCheckpointStatisticsRequest","responseType":"RequestCheckpointStatisticsResponse"}}},"GetBlobRequest":{"fields":{"key":{"type":"string","id":1},"offset":{"type":"int64","id":2},"maxBytes":{"type":"int32","id":3,"protoName":"max_bytes"}}},"GetBlobResponse":{"fields":{"data":{"type":"bytes","id":1},"totalBytes":{"type":"int64","id":2,"protoName":"total_bytes"}}},"BlobServerGateway":{"methods":{"GetBlob":{"requestType":"GetBlobRequest","responseType":"GetBlobResponse"}}}}}}}}}'
