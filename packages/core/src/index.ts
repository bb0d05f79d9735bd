export type { CancelTimer, Clock } from './clock/clock.js'
export { SystemClock } from './clock/system-clock.js'
export {
  type ConfigOption,
  type ConfigOptionWithDefault,
  HIDDEN_VALUE,
  isSensitiveKey,
} from './configuration/config-option.js'
export {
  type BuiltOption,
  type BuiltOptionWithDefault,
  ConfigOptions,
  type OptionBuilder,
  type TypedOptionBuilder,
} from './configuration/config-options.js'
export { Configuration } from './configuration/configuration.js'
export { formatDuration, parseDuration } from './configuration/duration.js'
export { IllegalConfigurationError } from './configuration/illegal-configuration-error.js'
export {
  formatMemorySize,
  formatMemorySizeForHumans,
  INFINITE_BYTES,
  parseMemorySize,
} from './configuration/memory-size.js'
export { type Bounds, INFINITE_INT, type OptionType } from './configuration/option-type.js'
export { parsePortRange } from './configuration/port-range.js'
export type {
  CommitRequest,
  Committer,
  CommitterInitContext,
  LineWriter,
  MasterInitContext,
  Sink,
  SinkWriter,
  SinkWriterContext,
  WriterInitContext,
} from './connector/sink.js'
export type {
  Boundedness,
  InputStatus,
  ModuleReference,
  ReaderOutput,
  SimpleVersionedSerializer,
  SocketConnection,
  SocketConnector,
  Source,
  SourceReader,
  SourceReaderContext,
  SourceSplit,
  SplitEnumerator,
  SplitEnumeratorContext,
} from './connector/source.js'
export { FlinkError, type FlinkErrorOptions } from './errors/flink-error.js'
export type { SerializedError } from './errors/serialized-error.js'
export type {
  FileInputStream,
  FileOutputStream,
  FileStatus,
  FileSystem,
  FileSystems,
  RecoverableOutputStream,
  ResumableWriter,
  ResumeRecoverable,
} from './filesystem/file-system.js'
export type {
  Collector,
  FilterFunction,
  FlatMapFunction,
  KeySelector,
  MapFunction,
  Partitioner,
  ReduceFunction,
  RichFunction,
  RuntimeContext,
  Sync,
  ValueState,
  ValueStateDescriptor,
} from './functions/functions.js'
export {
  type AllocationId,
  type ExecutionAttemptId,
  executionAttemptId,
  type InstanceId,
  type IntermediateDataSetId,
  isHexId,
  type JobId,
  type JobVertexId,
  newHexId,
  type OperatorId,
  type ResourceId,
  type ResultPartitionId,
  resultPartitionId,
} from './ids/ids.js'
export { type LogFields, type Logger, type LogLevel, noopLogger } from './logging/logger.js'
export type { Random } from './random/random.js'
export { SeededRandom } from './random/seeded-random.js'
export { SystemRandom } from './random/system-random.js'
export type { ValueDecoder, ValueEncoder, ValueSerializer } from './serialization/element-codec.js'
export type { InputView, OutputView } from './serialization/views.js'
export { decodeKey } from './keys/decode-key.js'
export { encodeKey } from './keys/encode-key.js'
export { hashKey } from './keys/hash-key.js'
export {
  computeDefaultMaxParallelism,
  DEFAULT_LOWER_BOUND_MAX_PARALLELISM,
  type KeyGroupRange,
  keyGroupFor,
  keyGroupRangeForOperator,
  operatorIndexForKeyGroup,
  UPPER_BOUND_MAX_PARALLELISM,
} from './keys/key-groups.js'
export { KeyMap } from './keys/key-map.js'
export { KeyNotSupportedError } from './keys/key-not-supported-error.js'
export { MalformedDataError } from './serialization/malformed-data-error.js'
