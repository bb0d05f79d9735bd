export type { Accumulator, PortableAccumulator } from './accumulators/accumulator.js'
export { AccumulatorError } from './accumulators/accumulator-error.js'
export { AccumulatorRegistry } from './accumulators/accumulator-registry.js'
export {
  type AccumulatorSnapshot,
  accumulatorValue,
  MAX_ACCUMULATOR_BYTES,
  mergeAccumulators,
  snapshotAccumulator,
} from './accumulators/accumulator-snapshot.js'
export { ACCUMULATOR_TYPES } from './accumulators/accumulator-types.js'
export { AverageAccumulator } from './accumulators/average-accumulator.js'
export { DoubleCounter, IntCounter, LongCounter } from './accumulators/counters.js'
export {
  DoubleMaximum,
  DoubleMinimum,
  IntMaximum,
  IntMinimum,
  LongMaximum,
  LongMinimum,
} from './accumulators/extrema.js'
export { Histogram } from './accumulators/histogram.js'
export { ListAccumulator } from './accumulators/list-accumulator.js'
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
export { type HostLine, parseHosts, readHostsFile } from './configuration/hosts-file.js'
export { IllegalConfigurationError } from './configuration/illegal-configuration-error.js'
export { isHighlyAvailable } from './configuration/is-highly-available.js'
export { lastingJobId } from './configuration/lasting-job-id.js'
export {
  type LoadConfigurationOptions,
  type LoadedConfiguration,
  loadConfiguration,
  parseDynamicProperties,
} from './configuration/load-configuration.js'
export {
  deriveJobManagerMemory,
  type JobManagerMemory,
} from './configuration/memory/job-manager-memory.js'
export {
  type MemoryForTaskHeap,
  memoryForTaskHeap,
} from './configuration/memory/memory-for-task-heap.js'
export { nodeHeapFlags } from './configuration/memory/node-heap-flags.js'
export { renderMemoryTable } from './configuration/memory/render-memory-table.js'
export {
  deriveTaskManagerMemory,
  LEAST_TASK_HEAP,
  remedyForTaskHeap,
  type TaskManagerMemory,
} from './configuration/memory/task-manager-memory.js'
export {
  formatMemorySize,
  formatMemorySizeForHumans,
  INFINITE_BYTES,
  parseMemorySize,
} from './configuration/memory-size.js'
export { nearestName } from './configuration/nearest-name.js'
export { type Bounds, INFINITE_INT, type OptionType } from './configuration/option-type.js'
export { AdaptiveSchedulerOptions } from './configuration/options/adaptive-scheduler-options.js'
export { BlobServerOptions } from './configuration/options/blob-server-options.js'
export {
  type ConfigurationNotice,
  checkConfiguration,
} from './configuration/options/check-configuration.js'
export { CheckpointingOptions } from './configuration/options/checkpointing-options.js'
export { CleanupOptions } from './configuration/options/cleanup-options.js'
export { ClientOptions } from './configuration/options/client-options.js'
export { ClusterOptions } from './configuration/options/cluster-options.js'
export { CoreOptions } from './configuration/options/core-options.js'
export { DeploymentOptions } from './configuration/options/deployment-options.js'
export { EnvOptions } from './configuration/options/env-options.js'
export { ExecutionOptions } from './configuration/options/execution-options.js'
export { ExternalResourceOptions } from './configuration/options/external-resource-options.js'
export { FileSystemOptions } from './configuration/options/file-system-options.js'
export { HeartbeatManagerOptions } from './configuration/options/heartbeat-manager-options.js'
export { HighAvailabilityOptions } from './configuration/options/high-availability-options.js'
export { JobManagerMemoryOptions } from './configuration/options/job-manager-memory-options.js'
export { JobManagerOptions } from './configuration/options/job-manager-options.js'
export { JobStoreOptions } from './configuration/options/job-store-options.js'
export {
  KEYS_WITHOUT_EFFECT,
  type KeysWithoutEffect,
} from './configuration/options/keys-without-effect.js'
export { findKnownKey, type KnownKey } from './configuration/options/known-keys.js'
export type {
  DockerParameterSetting,
  MesosConstraintSetting,
  MesosVolumeSetting,
} from './configuration/options/mesos-option-types.js'
export { MesosOptions } from './configuration/options/mesos-options.js'
export { MetricOptions } from './configuration/options/metric-options.js'
export { NettyShuffleEnvironmentOptions } from './configuration/options/netty-shuffle-environment-options.js'
export {
  allOptions,
  OPTION_GROUPS,
  type OptionGroup,
} from './configuration/options/option-groups.js'
export { PipelineOptions } from './configuration/options/pipeline-options.js'
export { renderConfigurationPage } from './configuration/options/render-configuration-page.js'
export { ResourceManagerOptions } from './configuration/options/resource-manager-options.js'
export { RestOptions } from './configuration/options/rest-options.js'
export { RestartStrategyOptions } from './configuration/options/restart-strategy-options.js'
export { RpcOptions } from './configuration/options/rpc-options.js'
export { SecurityOptions } from './configuration/options/security-options.js'
export { SlotOptions } from './configuration/options/slot-options.js'
export { StateBackendOptions } from './configuration/options/state-backend-options.js'
export { StateRecoveryOptions } from './configuration/options/state-recovery-options.js'
export { TaskManagerMemoryOptions } from './configuration/options/task-manager-memory-options.js'
export { TaskManagerOptions } from './configuration/options/task-manager-options.js'
export { WebOptions } from './configuration/options/web-options.js'
export { YarnOptions } from './configuration/options/yarn-options.js'
export { parseYamlConfiguration } from './configuration/parse-yaml-configuration.js'
export { parsePortRange } from './configuration/port-range.js'
export { AdaptiveBatch } from './connector/adaptive-batch.js'
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
export {
  deserializeError,
  errorHeadline,
  MAX_CAUSE_DEPTH,
  MAX_ERROR_TEXT_LENGTH,
  renderErrorChain,
  serializeError,
  userMessage,
} from './errors/serialize-error.js'
export type { SerializedError } from './errors/serialized-error.js'
export { SuppressRestartsException } from './errors/suppress-restarts-exception.js'
export { createFileSystems, type FileSystemsOptions } from './filesystem/create-file-systems.js'
export {
  FileAlreadyExistsError,
  FileNotFoundError,
  FileSystemError,
  FileSystemNotLoadedError,
  UnsupportedFileSystemSchemeError,
} from './filesystem/file-errors.js'
export {
  type RemotePath,
  remotePathOf,
  resolveUserPath,
  schemeOf,
} from './filesystem/file-path.js'
export type {
  FileCreation,
  FileInputStream,
  FileOutputStream,
  FileStatus,
  FileSystem,
  FileSystems,
  RecoverableOutputStream,
  ResumableWriter,
  ResumeRecoverable,
} from './filesystem/file-system.js'
export type { FileSystemContext, FileSystemFactory } from './filesystem/file-system-plugin.js'
export { FileSystemRegistry } from './filesystem/file-system-registry.js'
export {
  InMemoryFileSystem,
  type InMemoryFileSystemOptions,
} from './filesystem/in-memory-file-system.js'
export { LocalFileSystem } from './filesystem/local-file-system.js'
export { PositionedOutputStream } from './filesystem/positioned-output-stream.js'
export {
  isDeadOwner,
  PROCESS_OWNER_PATTERN,
  processOwner,
} from './filesystem/process-owner.js'
export { ReadAheadInputStream } from './filesystem/read-ahead-input-stream.js'
export { TempFileResumableWriter } from './filesystem/temp-file-resumable-writer.js'
export type { WritableFile, WritableFiles } from './filesystem/writable-files.js'
export type {
  CheckpointedFunction,
  CheckpointListener,
  FunctionInitializationContext,
  FunctionSnapshotContext,
} from './functions/checkpointed-function.js'
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
} from './functions/functions.js'
export type { StateDeclaration } from './functions/state-declaration.js'
export type { KeyedStateStore, OperatorStateStore } from './functions/state-stores.js'
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
export { operatorIdOfUid } from './ids/operator-id-of-uid.js'
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
export { KeyHandleSource, type KeyHandles } from './keys/key-handle-source.js'
export { KeyMap } from './keys/key-map.js'
export { KeyNotSupportedError } from './keys/key-not-supported-error.js'
export { formatLogLine, type LogEntry } from './logging/format-log-line.js'
export { type LogFields, type Logger, type LogLevel, noopLogger } from './logging/logger.js'
export { type HostAndPort, hostAndPort, splitHostAndPort } from './network/host-and-port.js'
export { isLoopback, numericLoopback } from './network/loopback.js'
export type { Random } from './random/random.js'
export { SeededRandom } from './random/seeded-random.js'
export { SystemRandom } from './random/system-random.js'
export { copyValue } from './serialization/copy-value.js'
export {
  DynamicSerializer,
  type DynamicSerializerOptions,
} from './serialization/dynamic-serializer.js'
export type { ValueDecoder, ValueEncoder, ValueSerializer } from './serialization/element-codec.js'
export { InputBuffer } from './serialization/input-buffer.js'
export { MalformedDataError } from './serialization/malformed-data-error.js'
export { ObjectCopier } from './serialization/object-copier.js'
export { OutputBuffer } from './serialization/output-buffer.js'
export { RecordCopier } from './serialization/record-copier.js'
export { type ClassSerializer, SerializerRegistry } from './serialization/serializer-registry.js'
export { TypeMismatchError } from './serialization/type-mismatch-error.js'
export { TypedSerializer, type TypedSerializerOptions } from './serialization/typed-serializer.js'
export { UnserializableValueError } from './serialization/unserializable-value-error.js'
export type { InputView, OutputView } from './serialization/views.js'
export type { AggregateFunction } from './state/aggregate-function.js'
export type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  OperatorListStateDescriptor,
  ReducingStateDescriptor,
  StateDescriptor,
  ValueStateDescriptor,
} from './state/state-descriptors.js'
export type {
  IncrementalCleanup,
  StateTtlCleanup,
  StateTtlConfig,
  StateTtlUpdateType,
  StateTtlVisibility,
} from './state/state-ttl-config.js'
export type {
  AggregatingState,
  BroadcastState,
  ListState,
  MapState,
  OperatorListState,
  ReadOnlyBroadcastState,
  ReducingState,
  ValueState,
} from './state/states.js'
export {
  type FieldDescription,
  type PrimitiveKind,
  type TypeDescription,
  type TypeInformation,
  type TypeOf,
  typesEqual,
  typeToString,
} from './types/type-information.js'
export { Types } from './types/types.js'
export { FLINK_TS_VERSION } from './version.js'
