// connectors
export {
  collectionSource,
  createCollectionCoordinator,
} from './connectors/collection/collection-source.js'
export {
  createDataGeneratorCoordinator,
  DataGeneratorSource,
  type GeneratorFunction,
} from './connectors/datagen/data-generator-source.js'
export { type RateLimiter, RateLimiterStrategy } from './connectors/datagen/rate-limiter.js'
export { lineOf } from './connectors/line-text.js'
export { PrintSink, type PrintSinkOptions } from './connectors/print/print-sink.js'
export {
  createSequenceSource,
  type SequenceSourceConfig,
} from './connectors/sequence/sequence-source.js'
export { SocketTextError } from './connectors/socket/socket-text-reader.js'
export {
  createSocketTextSource,
  type SocketTextSourceConfig,
} from './connectors/socket/socket-text-source.js'
export type { IndexRangeSplit } from './connectors/splits/assigned-ranges.js'
export { jsonSerializer } from './connectors/splits/json-serializer.js'
export {
  type SplitDiscovery,
  type SplitQueueCheckpoint,
  SplitQueueEnumerator,
} from './connectors/splits/split-queue-enumerator.js'
export { LineTooLongError, MAX_LINE_BYTES } from './connectors/textfile/line-cutter.js'
export { TextFileReader } from './connectors/textfile/text-file-reader.js'
export {
  initializeTextFileSink,
  OutputExistsError,
  OutputLostError,
  TextFileSink,
  type TextFileSinkOptions,
} from './connectors/textfile/text-file-sink.js'
export {
  createTextFileSource,
  type TextFileSourceConfig,
} from './connectors/textfile/text-file-source.js'
export {
  divideTextFiles,
  InputNotReadableError,
  type TextFileSplit,
} from './connectors/textfile/text-file-split.js'
export {
  type TextFileCommittable,
  type TextFileState,
  TextFileWriter,
} from './connectors/textfile/text-file-writer.js'
// datastream
export {
  BroadcastConnectedStream,
  BroadcastStream,
  KeyedBroadcastConnectedStream,
} from './datastream/broadcast-streams.js'
export { type ConnectedInputs, ConnectedStreams } from './datastream/connected-streams.js'
export { DataStream } from './datastream/data-stream.js'
export { DataStreamSink } from './datastream/data-stream-sink.js'
export { KeyedStream } from './datastream/keyed-stream.js'
export { SingleOutputStreamOperator } from './datastream/single-output-stream-operator.js'
export type { StreamBuilder } from './datastream/stream-builder.js'
// environment
export {
  CheckpointConfig,
  type CheckpointingMode,
  type ExternalizedCheckpointRetention,
} from './environment/checkpoint-config.js'
export { ExecutionConfig } from './environment/execution-config.js'
export { type ExecutorFactory, ExecutorNotFoundError } from './environment/executor-factory.js'
export { JobClient } from './environment/job-client.js'
export { JobExecutionResult } from './environment/job-execution-result.js'
export { ParameterError, ParameterTool } from './environment/parameter-tool.js'
export { SlotSharingGroup, SlotSharingGroupBuilder } from './environment/slot-sharing-group.js'
export { StreamExecutionEnvironment } from './environment/stream-execution-environment.js'
// eventtime
export type {
  WatermarkGenerator,
  WatermarkGeneratorContext,
  WatermarkOutput,
} from './eventtime/watermark-generator.js'
export { type TimestampAssigner, WatermarkStrategy } from './eventtime/watermark-strategy.js'
export type {
  BroadcastContext,
  BroadcastProcessFunction,
  KeyedBroadcastProcessFunction,
  ReadsBroadcastState,
} from './functions/broadcast-function-types.js'
export type {
  CoFlatMapFunction,
  CoMapFunction,
  CoProcessFunction,
  KeyedCoProcessFunction,
} from './functions/co-function-types.js'
// functions
export {
  FunctionResultError,
  InvalidProgramError,
  UsedOutsideCallError,
  UserFunctionError,
} from './functions/errors.js'
export type {
  ComparableField,
  FieldOfType,
  Filter,
  FlatMapper,
  KeyedProcessContext,
  KeyedProcessFunction,
  KeyOf,
  Mapper,
  NumericField,
  OnTimerContext,
  PartitionChoice,
  ProcessContext,
  ProcessFunction,
  Reducer,
  TimeDomain,
  TimerService,
  ValidKey,
} from './functions/function-types.js'
// graph
export {
  type ExecutionPlan,
  type ExecutionPlanNode,
  executionPlanOf,
} from './graph/execution-plan.js'
export { generateRecordedJob } from './graph/job-graph-generator.js'
export type { StreamEdge, StreamGraph, StreamNode } from './graph/stream-graph.js'
export type {
  ChainingStrategy,
  ConnectorEnvironment,
  OneInputTransformation,
  OperatorSettings,
  OperatorTransformation,
  Partitioning,
  PartitionTransformation,
  SinkTransformation,
  SourceTransformation,
  Transformation,
  TwoInputTransformation,
  UnionTransformation,
} from './graph/transformation.js'
