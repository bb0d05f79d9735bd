/**
 * Entry point `@flink-ts/runtime/program`: what programs, the APIs that they are written with and whoever runs them
 * need of the runtime. Loads nothing of the control plane, because every task thread loads it.
 */
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
export type { JobStatus } from './messages/messages.generated.js'
export { CombinedWatermark } from './operators/combined-watermark.js'
export { SinkWriterOperator, sinkOperatorFactory } from './operators/sink-writer-operator.js'
export {
  SourceOperator,
  type SourceOperatorOptions,
  type SourceOutput,
  sourceOperatorFactory,
} from './operators/source-operator.js'
export type { SpillFile, SpillFiles } from './operators/spill-files.js'
export type {
  FinishContext,
  StateInitializationContext,
  StateSnapshotContext,
} from './operators/state-contexts.js'
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
export { prepareClusterModules } from './program/cluster-modules.js'
export { JobExecutionError } from './program/job-execution-error.js'
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
  SubmissionRecorder,
  type SubmissionRecorderOptions,
} from './program/submission-recorder.js'
export type { ManagedMemory } from './taskmanager/memory/managed-memory.js'
export { ManagedMemoryExceededError } from './taskmanager/memory/managed-memory-exceeded-error.js'
