// heartbeat
export { HeartbeatLostError } from './heartbeat/heartbeat-lost-error.js'
export { HeartbeatMonitor, type HeartbeatMonitorOptions } from './heartbeat/heartbeat-monitor.js'
export { HeartbeatReceiver, type HeartbeatReceiverOptions } from './heartbeat/heartbeat-receiver.js'
export {
  HeartbeatSender,
  type HeartbeatSenderOptions,
  type RequestHeartbeat,
} from './heartbeat/heartbeat-sender.js'
export {
  DEFAULT_HEARTBEAT_SETTINGS,
  type HeartbeatSettings,
} from './heartbeat/heartbeat-settings.js'
export type { HeartbeatState } from './heartbeat/heartbeat-state.js'
// highavailability
export type {
  HighAvailabilityServices,
  JobGraphStore,
  LeaderAddress,
  LeaderComponent,
  LeaderContender,
  LeaderElection,
  LeaderRetriever,
} from './highavailability/high-availability-services.js'
// jobgraph
export {
  type CapturedFunction,
  type CodeReference,
  JOB_GRAPH_FORMAT_VERSION,
  type JobEdge,
  type JobGraph,
  type JobType,
  type JobVertex,
  type OperatorDescriptor,
  type PartitionerType,
  type ProgramDescriptor,
  type ResultPartitionType,
} from './jobgraph/job-graph.js'
// jobmaster
export type {
  AttemptInfo,
  ExceptionEntry,
  ExecutionGraphInfo,
  SubtaskInfo,
  VertexInfo,
} from './jobmaster/info/execution-graph-info.js'
// messages
export {
  BLOB_SERVER_GATEWAY,
  DISPATCHER_GATEWAY,
  JOB_MASTER_GATEWAY,
  LEADER_ENDPOINT_ID,
  LEADER_GATEWAY,
  RESOURCE_MANAGER_GATEWAY,
  TASK_EXECUTOR_GATEWAY,
} from './messages/gateways.js'
export type {
  BlobServerGateway,
  DispatcherGateway,
  JobMasterGateway,
  LeaderGateway,
  ResourceManagerGateway,
  TaskExecutorGateway,
} from './messages/messages.generated.js'
// operators
export {
  type EdgeFunctions,
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
// program
export {
  currentProgramContext,
  installProgramContext,
  type JobExecutionResult,
  type ProgramContext,
  type RecordedJob,
  type SubmittedJob,
} from './program/program-context.js'
// registration
export {
  DEFAULT_REGISTRATION_SETTINGS,
  type RegistrationSettings,
} from './registration/registration-settings.js'
export {
  type RegistrationResponse,
  RetryingRegistration,
  type RetryingRegistrationOptions,
} from './registration/retrying-registration.js'
// resourcemanager
export type {
  ResourceEventHandler,
  ResourceManagerDriver,
  WorkerHandle,
  WorkerResourceSpec,
} from './resourcemanager/resource-manager-driver.js'
// taskmanager
export type {
  JobInformation,
  RunningTask,
  TaskDeployment,
  TaskInformation,
  TaskLauncher,
  TaskListener,
} from './taskmanager/task-launcher.js'
