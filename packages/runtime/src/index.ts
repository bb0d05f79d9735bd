// blob
export {
  BlobCorruptedError,
  BlobFetchError,
  BlobNotFoundError,
  BlobStorageError,
  BlobTooLargeError,
  InvalidBlobKeyError,
  JobBlobError,
} from './blob/blob-errors.js'
export { type BlobLease, BlobServer } from './blob/blob-server.js'
export type { BlobStore, IncomingBlob } from './blob/blob-store.js'
export {
  FileSystemBlobStore,
  type FileSystemBlobStoreOptions,
} from './blob/file-system-blob-store.js'
export { InMemoryBlobStore } from './blob/in-memory-blob-store.js'
export type { JobBlobs, TermBlobs } from './blob/job-blobs.js'
// checkpoints
export {
  CheckpointIdCounter,
  type CheckpointIdCounterOptions,
} from './checkpoint/checkpoint-id-counter.js'
export type { CheckpointHistoryEntry, SubtaskRecord } from './checkpoint/checkpoint-record.js'
export type { CheckpointingStatistics } from './checkpoint/checkpoint-statistics-tracker.js'
export {
  CompletedCheckpointStore,
  type CompletedCheckpointStoreOptions,
} from './checkpoint/completed-checkpoint-store.js'
export type { StatisticsSummary } from './checkpoint/summary-of-values.js'
// composition
export {
  type JobManagerServices,
  type JobManagerServicesOptions,
  startJobManagerServices,
} from './composition/job-manager-services.js'
export { LeaderGatewayRetriever } from './composition/leader-gateway-retriever.js'
export { type Hardware, taskManagerFacts } from './composition/task-manager-facts.js'
export {
  startTaskManagerServices,
  type TaskManagerServices,
  type TaskManagerServicesOptions,
} from './composition/task-manager-services.js'
export type {
  ApplicationDeployment,
  ClusterDescriptor,
  ClusterDescriptorContext,
  ClusterDescriptorFactory,
  ClusterHandle,
  ClusterReport,
  JobDeployment,
} from './deployment/cluster-descriptor.js'
// dispatcher
export type { ClusterVersion } from './dispatcher/client-compatibility.js'
export { Dispatcher, type DispatcherOptions } from './dispatcher/dispatcher.js'
export {
  DuplicateJobSubmissionError,
  FlinkJobNotFoundError,
  FlinkJobTerminatedWithoutCancellationError,
  IncompatibleClientError,
} from './dispatcher/dispatcher-errors.js'
export { accumulatorsOf, jobResultOf } from './dispatcher/job-details.js'
export { takeSavepoint } from './dispatcher/take-savepoint.js'
// executiongraph
export {
  aggregateExecutionState,
  EXECUTION_STATE_TRANSITIONS,
  EXECUTION_STATES,
  isTerminalExecutionState,
} from './executiongraph/execution-state.js'
export {
  applicationStatusOf,
  isGloballyTerminalJobStatus,
  isTerminalJobStatus,
  JOB_STATUS_TRANSITIONS,
} from './executiongraph/job-status.js'
export type { TransitionTable } from './executiongraph/state-machine.js'
// heartbeat
export { HeartbeatLostError } from './heartbeat/heartbeat-lost-error.js'
export type { HeartbeatSettings } from './heartbeat/heartbeat-settings.js'
// highavailability
export { awaitLeader } from './highavailability/await-leader.js'
export {
  type HighAvailabilityContext,
  type HighAvailabilityFactory,
  type LeaderRetrieval,
  type LeaderRetrievalContext,
  loadHighAvailability,
} from './highavailability/high-availability-factory.js'
export type {
  HighAvailabilityServices,
  JobGraphStore,
  JobResultStore,
  LeaderAddress,
  LeaderComponent,
  LeaderContender,
  LeaderElection,
  LeaderRetriever,
  LeaderStores,
} from './highavailability/high-availability-services.js'
export {
  type CoordinationLeader,
  InMemoryCoordination,
  type InMemoryCoordinationOptions,
} from './highavailability/in-memory/in-memory-coordination.js'
export { InMemoryHighAvailability } from './highavailability/in-memory/in-memory-high-availability.js'
export {
  type LeaderElectionDriver,
  LeaderElectionService,
  type LeaderElectionServiceOptions,
} from './highavailability/leader-election-service.js'
export { LeaderRegistry, leaderComponentName } from './highavailability/leader-registry.js'
export {
  StandaloneHaServices,
  type StandaloneHaServicesOptions,
} from './highavailability/standalone-ha-services.js'
export {
  StandaloneLeaderRetriever,
  type StandaloneLeaderRetrieverOptions,
} from './highavailability/standalone-leader-retriever.js'
export {
  NamespacedLeaderStores,
  type NamespacedLeaderStoresOptions,
} from './highavailability/store/namespaced-leader-stores.js'
export { removeEntry } from './highavailability/store/remove-entry.js'
export {
  CoordinationConnectionLostError,
  CorruptEntryError,
  EntryExistsError,
  EntryMissingError,
  EntryVersionError,
  LeadershipLostError,
} from './highavailability/store/store-errors.js'
export type { VersionedEntry, VersionedStore } from './highavailability/store/versioned-store.js'
// jobgraph
export { InvalidJobGraphError } from './jobgraph/invalid-job-graph-error.js'
export {
  type CapturedFunction,
  type CodeReference,
  type DeclaredState,
  JOB_GRAPH_FORMAT_VERSION,
  type JobEdge,
  type JobGraph,
  type JobType,
  type JobVertex,
  type ManagedMemoryUse,
  type OperatorDescriptor,
  type PartitionerType,
  type ProgramDescriptor,
  type ResultPartitionType,
  type SlotSharingGroupDescriptor,
  type SlotSharingGroupResources,
} from './jobgraph/job-graph.js'
export { parseJobGraph } from './jobgraph/parse-job-graph.js'
// jobmaster
export type {
  AttemptInfo,
  ExceptionEntry,
  ExecutionGraphInfo,
  SubtaskInfo,
  VertexInfo,
} from './jobmaster/info/execution-graph-info.js'
export { JobInitializationError, type ModuleLoader } from './jobmaster/job-initialization.js'
export { JobMaster, type JobMasterOptions } from './jobmaster/job-master.js'
export { TaskManagerLostError } from './jobmaster/task-manager-connections.js'
// messages
export {
  DISPATCHER_GATEWAY,
  JOB_MASTER_GATEWAY,
  RESOURCE_MANAGER_GATEWAY,
  TASK_EXECUTOR_GATEWAY,
} from './messages/gateways.js'
export type {
  Acknowledge,
  AllocatedSlotInfo,
  ApplicationStatus,
  BlobServerGateway,
  CancelJobRequest,
  CancelTaskRequest,
  ChannelMetrics,
  ClusterOverview,
  DeclareRequiredResourcesRequest,
  DeregisterApplicationRequest,
  DisconnectJobMasterFromTaskExecutorRequest,
  DisconnectJobMasterRequest,
  DisconnectResourceManagerRequest,
  DisconnectTaskExecutorRequest,
  DisconnectTaskManagerRequest,
  DispatcherGateway,
  EndpointAddress,
  ErrorInfo,
  ExecutionDeploymentReport,
  ExecutionState,
  FailSlotRequest,
  FreeSlotRequest,
  GetBlobRequest,
  GetBlobResponse,
  HardwareDescription,
  IOMetrics,
  JobDetails,
  JobIdWithStatus,
  JobMasterGateway,
  JobMasterHeartbeatRequest,
  JobResourceRequirements,
  JobResult,
  JobStatus,
  LeaderGateway,
  LeaderToken,
  ListJobsRequest,
  ListJobsResponse,
  NotifyNotEnoughResourcesRequest,
  NotifySlotAvailableRequest,
  OfferSlotsRequest,
  OfferSlotsResponse,
  OperatorEventRequest,
  RegisterJobMasterRequest,
  RegisterJobMasterResponse,
  RegisterJobMasterSuccess,
  RegisterTaskExecutorRequest,
  RegisterTaskExecutorResponse,
  RegisterTaskExecutorSuccess,
  RegisterTaskManagerRequest,
  RegisterTaskManagerResponse,
  RegisterTaskManagerSuccess,
  ReleasePartitionsRequest,
  ReportJobClientHeartbeatRequest,
  RequestCheckpointStatisticsRequest,
  RequestClusterOverviewRequest,
  RequestJobRequest,
  RequestJobResponse,
  RequestJobResultResponse,
  RequestJobStatusResponse,
  RequestLeaderRequest,
  RequestLeaderResponse,
  RequestMultipleJobDetailsRequest,
  RequestMultipleJobDetailsResponse,
  RequestResourceOverviewRequest,
  RequestSlotRequest,
  RequestTaskManagersRequest,
  RequestTaskManagersResponse,
  RequestTaskMetricsRequest,
  RequestTaskMetricsResponse,
  ResourceManagerGateway,
  ResourceOverview,
  ResourceProfile,
  ResourceRequirement,
  SendSlotReportRequest,
  ShutDownClusterRequest,
  SlotId,
  SlotOffer,
  SlotReport,
  SlotStatus,
  SubmitJobRequest,
  SubmitTaskRequest,
  TaskDeploymentDescriptor,
  TaskExecutorGateway,
  TaskExecutorHeartbeatFromJobMasterRequest,
  TaskExecutorHeartbeatFromResourceManagerRequest,
  TaskExecutorHeartbeatPayload,
  TaskExecutorToJobMasterHeartbeatPayload,
  TaskManagerInfo,
  TaskManagerLocation,
  TaskManagerMemoryConfiguration,
  TaskMetrics,
  TriggeredOperationResponse,
  UpdateTaskExecutionStateRequest,
} from './messages/messages.generated.js'
// operators
export { CombinedWatermark } from './operators/combined-watermark.js'
export { CommitFailedError } from './operators/commit-failed-error.js'
export { OperatorChain, type OperatorChainOptions } from './operators/operator-chain.js'
export { OperatorCodeError } from './operators/operator-code-error.js'
export { OperatorServices, type OperatorServicesOptions } from './operators/operator-services.js'
export { SinkWriterOperator, sinkOperatorFactory } from './operators/sink-writer-operator.js'
export {
  type CoordinatorEvent,
  decodeCoordinatorEvent,
  decodeReaderEvent,
  encodeCoordinatorEvent,
  encodeReaderEvent,
  type ReaderEvent,
} from './operators/source-events.js'
export {
  SourceOperator,
  type SourceOperatorOptions,
  type SourceOutput,
  sourceOperatorFactory,
} from './operators/source-operator.js'
// taskmanager
export type { SpillFile, SpillFiles } from './operators/spill-files.js'
export type {
  ChainRestore,
  FinishContext,
  OperatorRestoreSource,
  OperatorSnapshots,
  StateInitializationContext,
  StateSnapshotContext,
} from './operators/state-contexts.js'
export {
  StatusWatermarkValve,
  type WatermarkValveOutput,
} from './operators/status-watermark-valve.js'
export {
  type EdgeFunctions,
  type InputSelection,
  type JobCode,
  type MailboxExecutor,
  NO_TIMESTAMP,
  type OneInputStreamOperator,
  type OperatorContext,
  type OperatorFactory,
  type Output,
  type SourceStreamOperator,
  type StreamOperator,
  type TwoInputStreamOperator,
} from './operators/stream-operator.js'
export type {
  InternalTimer,
  InternalTimerService,
  Triggerable,
} from './operators/timers/internal-timer-service.js'
export type { ProcessingTimeService } from './operators/timers/processing-time-service.js'
export { MAX_WATERMARK, NO_WATERMARK } from './operators/watermarks.js'
// program
export { CLUSTER_PACKAGES, prepareClusterModules } from './program/cluster-modules.js'
export {
  currentProgramContext,
  installProgramContext,
  type JobExecutionResult,
  type ProgramContext,
  type RecordedJob,
  type SavepointRequest,
  type SubmittedJob,
} from './program/program-context.js'
export {
  ProgramInvocationError,
  TraceMismatchError,
  TracingRefusedError,
} from './program/program-errors.js'
export {
  SubmissionRecorder,
  type SubmissionRecorderOptions,
} from './program/submission-recorder.js'
// registration
export type { RegistrationSettings } from './registration/registration-settings.js'
export { WORKER_TRANSITIONS } from './resourcemanager/active/worker-state.js'
export type {
  ContainerContext,
  ContainerEnvironment,
  ContainerEnvironmentReader,
} from './resourcemanager/container-environment.js'
// resourcemanager
export {
  ResourceManager,
  type ResourceManagerConstructorOptions,
} from './resourcemanager/resource-manager.js'
export type {
  JobManagerAddresses,
  ResourceEventHandler,
  ResourceManagerDriver,
  ResourceManagerDriverContext,
  ResourceManagerDriverFactory,
  WorkerHandle,
  WorkerRequestOptions,
  WorkerResourceSpec,
} from './resourcemanager/resource-manager-driver.js'
export {
  UnknownJobMasterError,
  UnknownTaskExecutorError,
} from './resourcemanager/resource-manager-errors.js'
export type { ResourceManagerSettings } from './resourcemanager/resource-manager-settings.js'
export { SLOT_TRANSITIONS } from './resourcemanager/slotmanager/slot-state.js'
export {
  ADAPTIVE_SCHEDULER_TRANSITIONS,
  type AdaptiveSchedulerState,
} from './scheduler/adaptive/adaptive-scheduler-state.js'
export {
  RESCALE_PHASE_TRANSITIONS,
  type RescalePhase,
} from './scheduler/adaptive/rescale-phases.js'
// scheduler
export { SUPPRESS_RESTARTS_CODE } from './scheduler/execution-failure-handler.js'
export { NoResourceAvailableError } from './scheduler/no-resource-available-error.js'
export { TASK_SLOT_TRANSITIONS } from './taskexecutor/slot/task-slot-state.js'
// taskexecutor
export { TaskExecutor, type TaskExecutorOptions } from './taskexecutor/task-executor.js'
export type {
  TaskExecutorSettings,
  TaskManagerFacts,
} from './taskexecutor/task-executor-settings.js'
export {
  InlineTaskLauncher,
  type InlineTaskLauncherOptions,
  type JobCodeProvider,
} from './taskmanager/inline-task-launcher.js'
export { InputSelectionError } from './taskmanager/input/input-selection-error.js'
export { FileDescriptorLineWriter } from './taskmanager/line-writer.js'
export { LocalSpillFiles, SpillFileError } from './taskmanager/local-spill-files.js'
export { checkTaskHeap } from './taskmanager/memory/check-task-heap.js'
export { type ManagedMemory, OperatorManagedMemory } from './taskmanager/memory/managed-memory.js'
export { ManagedMemoryExceededError } from './taskmanager/memory/managed-memory-exceeded-error.js'
export { SlotManagedMemory } from './taskmanager/memory/slot-managed-memory.js'
export {
  managedMemoryShares,
  type SlotResources,
  type SlotSharing,
  slotSharingOf,
} from './taskmanager/memory/slot-sharing.js'
export { TaskHeapTooSmallError, taskThreadLimits } from './taskmanager/memory/task-thread-limits.js'
export {
  readTaskTimes,
  TASK_TIME_BYTES,
  type TaskActivity,
  TaskTime,
  type TaskTimes,
} from './taskmanager/metrics/task-time.js'
export { TaskTimeMeter, type TaskTimeRates } from './taskmanager/metrics/task-time-rates.js'
export { StateBackendNotLoadedError } from './taskmanager/state-backend-not-loaded-error.js'
export { StreamTask, type TaskStep } from './taskmanager/stream-task.js'
export type { StreamTaskOptions, TaskParts } from './taskmanager/stream-task-options.js'
export { TaskCancellationError, TaskThreadDiedError } from './taskmanager/task-errors.js'
export type { TaskInput, TaskInputHandler, TaskOutput } from './taskmanager/task-io.js'
export type {
  JobInformation,
  RunningTask,
  TaskDeployment,
  TaskInformation,
  TaskLauncher,
  TaskListener,
} from './taskmanager/task-launcher.js'
export { TaskStateBackend, type TaskStateBackendOptions } from './taskmanager/task-state-backend.js'
export { WorkerSocketConnector } from './taskmanager/worker-socket-connector.js'
export {
  WorkerTaskLauncher,
  type WorkerTaskLauncherOptions,
} from './taskmanager/worker-task-launcher.js'
