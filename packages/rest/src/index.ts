export { planBody } from './handlers/job-plan.js'
export type {
  JobAccumulatorsBody,
  JobVertexAccumulatorsBody,
  SubtaskAttemptAccumulatorsBody,
  SubtasksAllAccumulatorsBody,
  SubtasksTimesBody,
  UserAccumulatorBody,
} from './messages/accumulator-messages.js'
export type {
  AsynchronousOperationBody,
  CheckpointInfoBody,
  CheckpointTriggerRequestBody,
  ManualCheckpointType,
  SavepointDisposalRequestBody,
  SavepointFormatType,
  SavepointInfoBody,
  SavepointTriggerRequestBody,
  StopWithSavepointRequestBody,
  TriggerResponseBody,
} from './messages/checkpoint-messages.js'
export type {
  ClusterOverviewBody,
  ConfigurationEntryBody,
  DashboardConfigurationBody,
  ErrorResponseBody,
  ExceptionBody,
  IOMetricsBody,
  JobConfigBody,
  JobDetailsBody,
  JobExceptionsBody,
  JobExecutionResultBody,
  JobIdsBody,
  JobOverviewBody,
  JobPlanBody,
  JobResultBody,
  JobStatusBody,
  JobSubmitRequestBody,
  JobSubmitResponseBody,
  JobsOverviewBody,
  JobVertexBody,
  JobVertexDetailsBody,
  MetricBody,
  PlanBody,
  PlanNodeBody,
  PlanNodeInputBody,
  ResourceProfileBody,
  SerializedThrowableBody,
  SubtaskBody,
  TaskCountsBody,
  TaskManagerBody,
  TaskManagerDetailsBody,
  TaskManagersBody,
} from './messages/messages.js'
export type { StoredProgram } from './server/handler.js'
export { PortRangeExhaustedError } from './server/listen-in-range.js'
export { RestHandlerError } from './server/rest-handler-error.js'
export { RestServerEndpoint, type RestServerOptions } from './server/rest-server-endpoint.js'
