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

/** Text of flink_runtime.proto: what goes over the wire. */
export const RUNTIME_PROTO = `syntax = "proto3";

// The control messages between the processes of a cluster. \`scripts/generate-messages.mjs\` turns
// this file into TypeScript. Fields are only ever added; numbers are never used again.
// Calls between two endpoints are not ordered and run at most once: whatever depends on order
// carries a version or a sequence number.
package flink.runtime;

// ---------------------------------------------------------------- shared

message Acknowledge {}

// The form in which an error travels; the chain of causes is nested.
message ErrorInfo {
  string name = 1;
  string message = 2;
  optional string code = 3;
  optional bool retriable = 4;
  optional string stack = 5;
  optional ErrorInfo cause = 6;
  optional ErrorFacts facts = 7;
}
// What the error says of itself beside its message, such as partitionId.
message ErrorFacts {
  map<string, string> values = 1;
}

// Orders leaders of one component: a higher epoch is a later leader.
message LeaderToken {
  int64 epoch = 1;
  string uuid = 2;
}

message EndpointAddress {
  // host:port of the RPC service
  string address = 1;
  string endpoint_id = 2;
}

message ResourceProfile {
  double cpu_cores = 1;
  int64 task_heap_bytes = 2;
  int64 task_off_heap_bytes = 3;
  int64 managed_bytes = 4;
  int64 network_bytes = 5;
  map<string, double> extended_resources = 6;
}

message ResourceRequirement {
  // absent: any slot fits (the default profile of the cluster)
  optional ResourceProfile profile = 1;
  int32 number_of_required_slots = 2;
}

enum ExecutionState {
  CREATED = 0;
  SCHEDULED = 1;
  DEPLOYING = 2;
  INITIALIZING = 3;
  RUNNING = 4;
  FINISHED = 5;
  CANCELING = 6;
  CANCELED = 7;
  FAILED = 8;
  RECONCILING = 9;
}

// States of a job. Nested, because the names of enum values share one scope.
message JobStatus {
  enum Value {
    INITIALIZING = 0;
    CREATED = 1;
    RUNNING = 2;
    FAILING = 3;
    FAILED = 4;
    CANCELLING = 5;
    CANCELED = 6;
    FINISHED = 7;
    RESTARTING = 8;
    SUSPENDED = 9;
    RECONCILING = 10;
  }
}

// How a cluster that ends with its job or application ended.
message ApplicationStatus {
  enum Value {
    UNKNOWN = 0;
    SUCCEEDED = 1;
    FAILED = 2;
    CANCELED = 3;
  }
}

// ---------------------------------------------------------------- leader retrieval without HA

message RequestLeaderRequest {
  // "dispatcher", "resourcemanager" or "jobmanager"
  string component = 1;
  // for "jobmanager"
  optional string job_id = 2;
}
message RequestLeaderResponse {
  // absent: no leader now
  optional EndpointAddress endpoint = 1;
  optional LeaderToken token = 2;
}

// Answers who leads, where no coordination service does. Unfenced; endpoint id "leader".
service LeaderGateway {
  rpc RequestLeader(RequestLeaderRequest) returns (RequestLeaderResponse);
}

// ---------------------------------------------------------------- slots

message SlotId {
  string resource_id = 1;
  int32 slot_number = 2;
}

message SlotStatus {
  SlotId slot_id = 1;
  ResourceProfile profile = 2;
  // present: taken
  optional string allocation_id = 3;
  optional string job_id = 4;
  int32 assigned_tasks = 5;
}

message SlotReport {
  repeated SlotStatus slots = 1;
}

message SlotOffer {
  string allocation_id = 1;
  int32 slot_index = 2;
  ResourceProfile profile = 3;
}

message HardwareDescription {
  int32 cpu_cores = 1;
  int64 physical_memory_bytes = 2;
  int64 free_memory_bytes = 3;
  int64 managed_memory_bytes = 4;
}

message TaskManagerMemoryConfiguration {
  int64 framework_heap = 1;
  int64 task_heap = 2;
  int64 framework_off_heap = 3;
  int64 task_off_heap = 4;
  int64 network_memory = 5;
  int64 managed_memory = 6;
  int64 jvm_metaspace = 7;
  int64 jvm_overhead = 8;
  int64 total_flink_memory = 9;
  int64 total_process_memory = 10;
}

// Where a TaskManager is and how its data is reached.
message TaskManagerLocation {
  string resource_id = 1;
  string host = 2;
  int32 data_port = 3;
  string node_id = 4;
}

// ---------------------------------------------------------------- ResourceManager

// Orders the attempts of a TaskManager process to register: one that arrives late replaces no later one.
message RegistrationId {
  // made by the process at random
  string process_id = 1;
  // rises with each attempt of the process
  int64 attempt = 2;
}
message RegisterTaskExecutorRequest {
  EndpointAddress task_executor = 1;
  TaskManagerLocation location = 2;
  HardwareDescription hardware = 3;
  TaskManagerMemoryConfiguration memory = 4;
  int32 number_of_slots = 5;
  ResourceProfile default_slot_profile = 6;
  ResourceProfile total_profile = 7;
  RegistrationId registration_id = 8;
}
message RegisterTaskExecutorResponse {
  oneof result {
    RegisterTaskExecutorSuccess success = 1;
    string rejection = 2;
  }
  // Of a rejection: whoever starts workers knows no such one, not yet or not any more.
  optional bool unknown_worker = 3;
}
message RegisterTaskExecutorSuccess {
  string instance_id = 1;
  string resource_manager_id = 2;
  EndpointAddress blob_server = 3;
}

message SendSlotReportRequest {
  string resource_id = 1;
  string instance_id = 2;
  SlotReport report = 3;
}
message NotifySlotAvailableRequest {
  string resource_id = 1;
  string instance_id = 2;
  SlotId slot_id = 3;
  string allocation_id = 4;
}
message DisconnectTaskExecutorRequest {
  string resource_id = 1;
  ErrorInfo cause = 2;
}
message RegisterJobMasterRequest {
  string job_id = 1;
  EndpointAddress job_master = 2;
  LeaderToken job_master_token = 3;
  string job_master_resource_id = 4;
}
message RegisterJobMasterResponse {
  oneof result {
    RegisterJobMasterSuccess success = 1;
    string rejection = 2;
  }
}
message RegisterJobMasterSuccess {
  string resource_manager_id = 1;
  // whoever starts the TaskManagers says why they end: NotifyTaskManagerEnded follows the loss of one
  optional bool explains_ends = 2;
}
message DeclareRequiredResourcesRequest {
  string job_id = 1;
  LeaderToken job_master_token = 2;
  // rises with each declaration of this JobMaster; an older one that arrives later is ignored
  int64 version = 3;
  repeated ResourceRequirement requirements = 4;
}
message DisconnectJobMasterRequest {
  string job_id = 1;
  LeaderToken job_master_token = 2;
  JobStatus.Value job_status = 3;
}

message RequestTaskManagersRequest {
  // absent: all
  optional string resource_id = 1;
}
message TaskManagerInfo {
  string resource_id = 1;
  EndpointAddress task_executor = 2;
  TaskManagerLocation location = 3;
  int64 last_heartbeat_ms = 4;
  int32 number_of_slots = 5;
  int32 number_of_free_slots = 6;
  int32 assigned_tasks = 7;
  ResourceProfile total_profile = 8;
  ResourceProfile free_profile = 9;
  HardwareDescription hardware = 10;
  TaskManagerMemoryConfiguration memory = 11;
  repeated AllocatedSlotInfo allocated_slots = 12;
  // metrics of the last heartbeat, by identifier, such as "Status.Shuffle.Netty.UsedMemorySegments"
  map<string, double> metrics = 13;
}
message AllocatedSlotInfo {
  string job_id = 1;
  ResourceProfile profile = 2;
  int32 assigned_tasks = 3;
}
message RequestTaskManagersResponse {
  repeated TaskManagerInfo task_managers = 1;
}
message RequestResourceOverviewRequest {}
message ResourceOverview {
  int32 task_managers = 1;
  int32 slots_total = 2;
  int32 slots_available = 3;
}
// A machine on which no worker is wanted for a while.
message BlockedNode {
  string node_id = 1;
  // for people
  string cause = 2;
  // milliseconds since the epoch
  int64 end_timestamp_ms = 3;
}
message NotifyNewBlockedNodesRequest {
  repeated BlockedNode nodes = 1;
}
message DeregisterApplicationRequest {
  ApplicationStatus.Value status = 1;
  string diagnostics = 2;
}

// Grants slots. Fenced by the ResourceManager's token.
service ResourceManagerGateway {
  rpc RegisterTaskExecutor(RegisterTaskExecutorRequest) returns (RegisterTaskExecutorResponse);
  rpc SendSlotReport(SendSlotReportRequest) returns (Acknowledge);
  rpc NotifySlotAvailable(NotifySlotAvailableRequest) returns (Acknowledge);
  rpc DisconnectTaskExecutor(DisconnectTaskExecutorRequest) returns (Acknowledge);
  rpc RegisterJobMaster(RegisterJobMasterRequest) returns (RegisterJobMasterResponse);
  rpc DeclareRequiredResources(DeclareRequiredResourcesRequest) returns (Acknowledge);
  rpc DisconnectJobMaster(DisconnectJobMasterRequest) returns (Acknowledge);
  rpc RequestTaskManagers(RequestTaskManagersRequest) returns (RequestTaskManagersResponse);
  rpc RequestResourceOverview(RequestResourceOverviewRequest) returns (ResourceOverview);
  rpc DeregisterApplication(DeregisterApplicationRequest) returns (Acknowledge);
  rpc NotifyNewBlockedNodes(NotifyNewBlockedNodesRequest) returns (Acknowledge);
}

// ---------------------------------------------------------------- TaskExecutor

message RequestSlotRequest {
  // slot number -1: a slot of the given profile, carved out of what is free
  SlotId slot_id = 1;
  string job_id = 2;
  string allocation_id = 3;
  optional ResourceProfile profile = 4;
  // the JobMaster that the slot is to be offered to
  EndpointAddress job_master = 5;
  LeaderToken job_master_token = 6;
  // of the ResourceManager that asks: one that the TaskManager is not registered at is refused
  LeaderToken resource_manager_token = 7;
}

// Everything that one attempt needs to run.
message TaskDeploymentDescriptor {
  string job_id = 1;
  string execution_attempt_id = 2;
  string allocation_id = 3;
  int32 subtask_index = 4;
  int32 attempt_number = 5;
  // JSON of JobInformation (job name, configuration, program): the same for all tasks of a job
  bytes job_information = 6;
  // JSON of TaskInformation (vertex: operators, parallelism): the same for all subtasks of a vertex
  bytes task_information = 7;
  // JSON of ResultPartitionDescriptor[] and InputGateDescriptor[] of @flink-ts/network
  bytes produced_partitions = 8;
  bytes input_gates = 9;
  EndpointAddress job_master = 10;
  LeaderToken job_master_token = 11;
  // JSON of TaskRestore: what the operators begin with; absent: with nothing
  optional bytes task_restore = 12;
}
message SubmitTaskRequest {
  TaskDeploymentDescriptor descriptor = 1;
}
message CancelTaskRequest {
  string execution_attempt_id = 1;
}
message OperatorEventRequest {
  string execution_attempt_id = 1;
  string operator_id = 2;
  // 0, 1, 2, … per attempt, operator and direction; a repeated number is acknowledged and dropped
  int64 sequence = 3;
  bytes payload = 4;
}
// What a checkpoint asks of a task.
message CheckpointOptions {
  // a SnapshotType of @flink-ts/network
  string snapshot_type = 1;
  // AT_LEAST_ONCE, ALIGNED or UNALIGNED
  string alignment = 2;
  // UNALIGNED: barriers travel aligned for so long; 0: not at all
  int64 aligned_timeout_ms = 3;
  // folder of a savepoint; those of checkpoints are known to tasks by JobInformation
  optional string target_location = 4;
}
message TriggerCheckpointRequest {
  // those of the attempts here that have no inputs with barriers
  repeated string execution_attempt_ids = 1;
  int64 checkpoint_id = 2;
  double timestamp_ms = 3;
  CheckpointOptions options = 4;
}
message TriggerCheckpointResponse {
  // attempts that do not run here
  repeated string refused_execution_attempt_ids = 1;
}
message NotifyCheckpointRequest {
  repeated string execution_attempt_ids = 1;
  int64 checkpoint_id = 2;
  double timestamp_ms = 3;
  // the newest one that is completed, 0: none
  int64 latest_completed_id = 4;
}
message FreeSlotRequest {
  string allocation_id = 1;
  ErrorInfo cause = 2;
}
message ReleasePartitionsRequest {
  string job_id = 1;
  repeated string partition_ids = 2;
}
message TaskExecutorHeartbeatFromResourceManagerRequest {
  string resource_manager_id = 1;
}
message TaskExecutorHeartbeatPayload {
  SlotReport report = 1;
  map<string, double> metrics = 2;
}
message TaskExecutorHeartbeatFromJobMasterRequest {
  string job_id = 1;
  // the slots that the JobMaster believes to hold here
  repeated string allocation_ids = 2;
  // the newest completed checkpoint of the job; repairs notifications that were lost
  optional int64 latest_completed_checkpoint_id = 3;
}
message ExecutionDeploymentReport {
  // attempts that run here
  repeated string execution_attempt_ids = 1;
}
message TaskExecutorToJobMasterHeartbeatPayload {
  ExecutionDeploymentReport deployment = 1;
  repeated TaskMetrics metrics = 2;
}
message DisconnectJobMasterFromTaskExecutorRequest {
  string job_id = 1;
  ErrorInfo cause = 2;
}
message DisconnectResourceManagerRequest {
  ErrorInfo cause = 1;
}
message CanBeReleasedRequest {}
message CanBeReleasedResponse {
  // false: it has slots of jobs, or results that somebody may still read
  bool can_be_released = 1;
}
message RequestTaskMetricsRequest {
  string job_id = 1;
}
message RequestTaskMetricsResponse {
  repeated TaskMetrics metrics = 1;
}

message IOMetrics {
  int64 num_records_in = 1;
  int64 num_records_out = 2;
  int64 num_bytes_in = 3;
  int64 num_bytes_out = 4;
  int64 num_buffers_out = 5;
  double accumulated_busy_ms = 6;
  double accumulated_idle_ms = 7;
  double accumulated_back_pressured_ms = 8;
}
message ChannelMetrics {
  // "in" or "out"
  string direction = 1;
  // number of the input gate or the result partition of the task
  int32 gate = 2;
  int32 channel = 3;
  // whether the channel crosses processes (by TCP)
  bool remote = 4;
  int64 num_bytes = 5;
  int64 num_buffers = 6;
}
// What one accumulator of a user function has gathered.
message AccumulatorSnapshot {
  string name = 1;
  // its kind, such as "IntCounter"
  string type = 2;
  // base64 of its state as the DynamicSerializer writes it; empty if there is none
  string value = 3;
  // why there is no state; empty: there is one
  string failure = 4;
}
message TaskMetrics {
  string execution_attempt_id = 1;
  IOMetrics io = 2;
  repeated ChannelMetrics channels = 3;
  // further metrics by identifier, such as "Map.numRecordsOut"
  map<string, double> values = 4;
  // of the task's functions
  repeated AccumulatorSnapshot accumulators = 5;
}

// Runs tasks. Calls of the ResourceManager and of JobMasters carry the caller's own token in the request
// where it matters; the endpoint itself is unfenced (a TaskManager has no leader), stale callers are
// recognised by the token that they registered with.
service TaskExecutorGateway {
  rpc RequestSlot(RequestSlotRequest) returns (Acknowledge);
  rpc SubmitTask(SubmitTaskRequest) returns (Acknowledge);
  rpc CancelTask(CancelTaskRequest) returns (Acknowledge);
  rpc SendOperatorEventToTask(OperatorEventRequest) returns (Acknowledge);
  rpc FreeSlot(FreeSlotRequest) returns (Acknowledge);
  rpc ReleasePartitions(ReleasePartitionsRequest) returns (Acknowledge);
  rpc HeartbeatFromResourceManager(TaskExecutorHeartbeatFromResourceManagerRequest) returns (TaskExecutorHeartbeatPayload);
  rpc HeartbeatFromJobMaster(TaskExecutorHeartbeatFromJobMasterRequest) returns (TaskExecutorToJobMasterHeartbeatPayload);
  rpc DisconnectJobMaster(DisconnectJobMasterFromTaskExecutorRequest) returns (Acknowledge);
  rpc DisconnectResourceManager(DisconnectResourceManagerRequest) returns (Acknowledge);
  rpc RequestTaskMetrics(RequestTaskMetricsRequest) returns (RequestTaskMetricsResponse);
  rpc CanBeReleased(CanBeReleasedRequest) returns (CanBeReleasedResponse);
  rpc TriggerCheckpoint(TriggerCheckpointRequest) returns (TriggerCheckpointResponse);
  rpc NotifyCheckpointComplete(NotifyCheckpointRequest) returns (Acknowledge);
  rpc NotifyCheckpointAborted(NotifyCheckpointRequest) returns (Acknowledge);
}

// ---------------------------------------------------------------- JobMaster

message RegisterTaskManagerRequest {
  string job_id = 1;
  EndpointAddress task_executor = 2;
  TaskManagerLocation location = 3;
}
message RegisterTaskManagerResponse {
  oneof result {
    RegisterTaskManagerSuccess success = 1;
    string rejection = 2;
  }
}
message RegisterTaskManagerSuccess {
  string job_master_resource_id = 1;
}
message OfferSlotsRequest {
  string resource_id = 1;
  repeated SlotOffer offers = 2;
}
message OfferSlotsResponse {
  repeated string accepted_allocation_ids = 1;
}
message FailSlotRequest {
  string resource_id = 1;
  string allocation_id = 2;
  ErrorInfo cause = 3;
}
message DisconnectTaskManagerRequest {
  string resource_id = 1;
  ErrorInfo cause = 2;
}
message UpdateTaskExecutionStateRequest {
  string execution_attempt_id = 1;
  ExecutionState state = 2;
  optional ErrorInfo error = 3;
  optional TaskMetrics metrics = 4;
}
message NotifyNotEnoughResourcesRequest {
  repeated ResourceRequirement acquired = 1;
  // for people: what is missing and why it cannot be had
  optional string reason = 2;
}
// the process of a TaskManager has ended, or is about to
message NotifyTaskManagerEndedRequest {
  string resource_id = 1;
  // for people: exit code, what it means, the words of the cluster manager
  string diagnostics = 2;
}
message JobMasterHeartbeatRequest {
  string resource_manager_id = 1;
}
message RequestJobRequest {
  string job_id = 1;
}
message RequestJobResponse {
  // JSON of ExecutionGraphInfo
  bytes execution_graph = 1;
}
message RequestJobStatusResponse {
  JobStatus.Value status = 1;
}
message StopJobRequest {
  string job_id = 1;
  // event time goes to its end first, so that windows and timers fire
  bool drain = 2;
}
message CancelJobRequest {
  string job_id = 1;
}

message AcknowledgeCheckpointRequest {
  string execution_attempt_id = 1;
  int64 checkpoint_id = 2;
  // JSON of SubtaskState, what is inlined with it
  bytes subtask_state = 3;
  // JSON of SubtaskCheckpointMetrics
  bytes metrics = 4;
}
message DeclineCheckpointRequest {
  string execution_attempt_id = 1;
  int64 checkpoint_id = 2;
  // a CheckpointFailureReason
  string reason = 3;
  optional ErrorInfo cause = 4;
}

message TriggerSavepointRequest {
  string job_id = 1;
  // absent: execution.checkpointing.savepoint-dir
  optional string target_directory = 2;
  // the job is cancelled when the savepoint is complete
  bool cancel_job = 3;
  // CANONICAL or NATIVE; empty: CANONICAL
  string format_type = 4;
  // chosen by the caller; to ask the Dispatcher how it goes. A repeated one changes nothing
  string trigger_id = 5;
}
message StopWithSavepointRequest {
  string job_id = 1;
  optional string target_directory = 2;
  // event time goes to its end first, so that windows and timers fire
  bool drain = 3;
  string format_type = 4;
  string trigger_id = 5;
}
message TriggerManualCheckpointRequest {
  string job_id = 1;
  // CONFIGURED, FULL or INCREMENTAL; empty: CONFIGURED
  string checkpoint_type = 2;
  string trigger_id = 3;
}
message SavepointResponse {
  // its folder
  string location = 1;
}
message ManualCheckpointResponse {
  int64 checkpoint_id = 1;
  string location = 2;
}
message DisposeSavepointRequest {
  string savepoint_path = 1;
  string trigger_id = 2;
}
message TriggeredOperationRequest {
  // empty: of no job
  string job_id = 1;
  string trigger_id = 2;
}
message TriggeredOperationResponse {
  // IN_PROGRESS or COMPLETED
  string status = 1;
  // of what was completed, if it has one
  optional string location = 2;
  optional int64 checkpoint_id = 3;
  // it was not completed
  optional ErrorInfo failure_cause = 4;
}
message RequestCheckpointStatisticsRequest {
  string job_id = 1;
  // OVERVIEW, CONFIG, DETAILS (of a checkpoint) or SUBTASKS (of a checkpoint and a vertex)
  string kind = 2;
  optional int64 checkpoint_id = 3;
  optional string vertex_id = 4;
}
message RequestCheckpointStatisticsResponse {
  // JSON as REST shows it; absent: there is no such checkpoint or vertex
  optional bytes json = 1;
}

// How many subtasks a vertex may have, both ends included.
message VertexParallelismBounds {
  string vertex_id = 1;
  int32 lower_bound = 2;
  int32 upper_bound = 3;
}
// The bounds of every vertex of a job that the adaptive scheduler runs.
message JobResourceRequirements {
  repeated VertexParallelismBounds vertices = 1;
}
message UpdateJobResourceRequirementsRequest {
  string job_id = 1;
  JobResourceRequirements requirements = 2;
}

// Schedules one job. Fenced by the JobMaster's token.
service JobMasterGateway {
  rpc RegisterTaskManager(RegisterTaskManagerRequest) returns (RegisterTaskManagerResponse);
  rpc OfferSlots(OfferSlotsRequest) returns (OfferSlotsResponse);
  rpc FailSlot(FailSlotRequest) returns (Acknowledge);
  rpc DisconnectTaskManager(DisconnectTaskManagerRequest) returns (Acknowledge);
  rpc DisconnectResourceManager(DisconnectResourceManagerRequest) returns (Acknowledge);
  rpc UpdateTaskExecutionState(UpdateTaskExecutionStateRequest) returns (Acknowledge);
  rpc SendOperatorEventToCoordinator(OperatorEventRequest) returns (Acknowledge);
  rpc NotifyNotEnoughResources(NotifyNotEnoughResourcesRequest) returns (Acknowledge);
  rpc NotifyTaskManagerEnded(NotifyTaskManagerEndedRequest) returns (Acknowledge);
  rpc HeartbeatFromResourceManager(JobMasterHeartbeatRequest) returns (Acknowledge);
  rpc RequestJob(RequestJobRequest) returns (RequestJobResponse);
  rpc RequestJobStatus(RequestJobRequest) returns (RequestJobStatusResponse);
  rpc CancelJob(CancelJobRequest) returns (Acknowledge);
  rpc StopJob(StopJobRequest) returns (Acknowledge);
  rpc RequestJobResourceRequirements(RequestJobRequest) returns (JobResourceRequirements);
  rpc UpdateJobResourceRequirements(UpdateJobResourceRequirementsRequest) returns (Acknowledge);
  // Idempotent: tasks repeat them until they are acknowledged.
  rpc AcknowledgeCheckpoint(AcknowledgeCheckpointRequest) returns (Acknowledge);
  rpc DeclineCheckpoint(DeclineCheckpointRequest) returns (Acknowledge);
  // These answer at the end, which may take as long as a checkpoint may.
  rpc TriggerSavepoint(TriggerSavepointRequest) returns (SavepointResponse);
  rpc StopWithSavepoint(StopWithSavepointRequest) returns (SavepointResponse);
  rpc TriggerManualCheckpoint(TriggerManualCheckpointRequest) returns (ManualCheckpointResponse);
  rpc RequestCheckpointStatistics(RequestCheckpointStatisticsRequest) returns (RequestCheckpointStatisticsResponse);
}

// ---------------------------------------------------------------- Dispatcher

message SubmitJobRequest {
  // JSON of JobGraph
  bytes job_graph = 1;
}
message ListJobsRequest {}
message JobIdWithStatus {
  string job_id = 1;
  JobStatus.Value status = 2;
}
message ListJobsResponse {
  repeated JobIdWithStatus jobs = 1;
}
message RequestMultipleJobDetailsRequest {}
message JobDetails {
  string job_id = 1;
  string name = 2;
  string job_type = 3;
  JobStatus.Value status = 4;
  int64 start_time_ms = 5;
  // -1: not ended
  int64 end_time_ms = 6;
  int64 last_modification_ms = 7;
  // tasks per ExecutionState name
  map<string, int32> tasks_per_state = 8;
  int32 total_tasks = 9;
  // what the job waits for now, for people; such as "waiting for slots: 4 required, 2 available"
  optional string waiting_for = 10;
  // Default, Adaptive or AdaptiveBatch
  string scheduler_type = 11;
}
message RequestMultipleJobDetailsResponse {
  repeated JobDetails jobs = 1;
}
message JobResult {
  string job_id = 1;
  string name = 2;
  JobStatus.Value status = 3;
  int64 start_time_ms = 4;
  int64 end_time_ms = 5;
  optional ErrorInfo failure_cause = 6;
  // of all subtasks, merged
  repeated AccumulatorSnapshot accumulators = 7;
}
message RequestJobResultResponse {
  // absent: the job has not ended
  optional JobResult result = 1;
}
message RequestClusterOverviewRequest {}
message ClusterOverview {
  int32 task_managers = 1;
  int32 slots_total = 2;
  int32 slots_available = 3;
  int32 jobs_running_or_pending = 4;
  int32 jobs_finished = 5;
  int32 jobs_cancelled = 6;
  int32 jobs_failed = 7;
}
message ShutDownClusterRequest {
  ApplicationStatus.Value status = 1;
}
message ReportJobClientHeartbeatRequest {
  string job_id = 1;
  // the job is cancelled when no later heartbeat came until then
  int64 expired_timestamp_ms = 2;
}

// Accepts jobs. Fenced by the Dispatcher's token.
service DispatcherGateway {
  rpc SubmitJob(SubmitJobRequest) returns (Acknowledge);
  rpc ListJobs(ListJobsRequest) returns (ListJobsResponse);
  rpc RequestMultipleJobDetails(RequestMultipleJobDetailsRequest) returns (RequestMultipleJobDetailsResponse);
  rpc RequestJob(RequestJobRequest) returns (RequestJobResponse);
  rpc RequestJobStatus(RequestJobRequest) returns (RequestJobStatusResponse);
  rpc RequestJobResult(RequestJobRequest) returns (RequestJobResultResponse);
  rpc CancelJob(CancelJobRequest) returns (Acknowledge);
  rpc RequestClusterOverview(RequestClusterOverviewRequest) returns (ClusterOverview);
  rpc ShutDownCluster(ShutDownClusterRequest) returns (Acknowledge);
  rpc ReportJobClientHeartbeat(ReportJobClientHeartbeatRequest) returns (Acknowledge);
  rpc RequestJobResourceRequirements(RequestJobRequest) returns (JobResourceRequirements);
  rpc UpdateJobResourceRequirements(UpdateJobResourceRequirementsRequest) returns (Acknowledge);
  // These answer at once; RequestTriggeredOperation tells how it went.
  rpc TriggerSavepoint(TriggerSavepointRequest) returns (Acknowledge);
  rpc StopWithSavepoint(StopWithSavepointRequest) returns (Acknowledge);
  rpc TriggerManualCheckpoint(TriggerManualCheckpointRequest) returns (Acknowledge);
  rpc DisposeSavepoint(DisposeSavepointRequest) returns (Acknowledge);
  rpc RequestTriggeredOperation(TriggeredOperationRequest) returns (TriggeredOperationResponse);
  rpc RequestCheckpointStatistics(RequestCheckpointStatisticsRequest) returns (RequestCheckpointStatisticsResponse);
}

// ---------------------------------------------------------------- BlobServer

message GetBlobRequest {
  // hex SHA-256 of the content
  string key = 1;
  int64 offset = 2;
  // the server may answer fewer
  int32 max_bytes = 3;
}
message GetBlobResponse {
  bytes data = 1;
  int64 total_bytes = 2;
}

// Hands out content-addressed files piece by piece, so that a download can go on after a break. Unfenced.
service BlobServerGateway {
  rpc GetBlob(GetBlobRequest) returns (GetBlobResponse);
}
`
