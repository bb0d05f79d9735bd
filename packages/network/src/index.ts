export type { BlockingPartitionHandle } from './blocking/blocking-result-partition.js'
export {
  type BufferQueueHandle,
  type ChannelCounters,
  QueueErrorKind,
  type QueueErrorKindValue,
  SlotFlags,
} from './buffer/buffer-queue.js'
export {
  NetworkBufferPool,
  type NetworkBufferPoolHandle,
  type PoolUsage,
} from './buffer/network-buffer-pool.js'
export { SegmentView } from './buffer/segment-view.js'
export type { CopiedSlot } from './buffer/slot-copy.js'
export type {
  BarrierAlignment,
  ChannelEvent,
  CheckpointBarrier,
  SnapshotType,
  WatermarkStatus,
} from './element/channel-event.js'
export type {
  DataLocation,
  InputGateDescriptor,
  PartitionerType,
  ResultPartitionDescriptor,
  ShuffleDescriptor,
  SubpartitionRange,
} from './environment/descriptors.js'
export { NetworkContext, type NetworkContextHandle } from './environment/network-context.js'
export type { NetworkIo, NetworkIoWorld } from './environment/network-io.js'
export { ShuffleEnvironment } from './environment/shuffle-environment.js'
export type {
  ChannelMetrics,
  ShuffleEnvironmentOptions,
  ShuffleLimits,
} from './environment/shuffle-environment-options.js'
export { shuffleSettings } from './environment/shuffle-settings.js'
export {
  BufferWaitCancelledError,
  CorruptChannelDataError,
  DataProtocolError,
  InsufficientNetworkBuffersError,
  PartitionNotFoundError,
  PartitionReleasedError,
  RecordTooLargeError,
  RemoteTransportError,
} from './errors/network-errors.js'
export { ShuffleFileError } from './errors/shuffle-file-error.js'
export { BufferDebloater, type BufferDebloating } from './gate/buffer-debloater.js'
export type { CapturedChannel, ChannelCapture } from './gate/channel-capture.js'
export type { ChannelSource, ChannelSourceState } from './gate/channel-source.js'
export type { DebloatingMetrics, GateDebloating } from './gate/gate-debloater.js'
export {
  type ChannelOrigin,
  type InputChannelFile,
  type InputChannelHandle,
  InputGate,
  type InputGateHandle,
} from './gate/input-gate.js'
export { mergeInFlight } from './gate/merge-in-flight.js'
export type { RecordHandler } from './gate/record-handler.js'
export { RecordReader } from './gate/record-reader.js'
export { StoredChannelSource, storedInputGate } from './gate/stored-channel-source.js'
export type { ChannelOutput, WritablePartition } from './partition/channel-output.js'
export {
  broadcastSelector,
  type ChannelSelector,
  firstChannelSelector,
  functionSelector,
  roundRobinSelector,
  shuffleSelector,
} from './partition/channel-selector.js'
export { QueuedBarrier } from './partition/queued-barrier.js'
export { RecordWriter, type RecordWriterOptions } from './partition/record-writer.js'
export {
  type PipelinedPartitionHandle,
  ResultPartition,
  type ResultPartitionHandle,
  type ResultPartitionOptions,
} from './partition/result-partition.js'
export { type InlineNetworkIoOptions, inlineNetworkIo } from './remote/inline-network-io.js'
export { type ThreadedNetworkIoOptions, threadedNetworkIo } from './remote/threaded-network-io.js'
export { attachTaskShuffle } from './shuffle/attach-task-shuffle.js'
export { networkShuffleMaster, networkShuffleService } from './shuffle/network-shuffle.js'
export type {
  ShuffleEnvironmentContext,
  ShuffleMaster,
  ShuffleMasterContext,
  ShuffleServiceFactory,
  TaskManagerShuffle,
  TaskShuffle,
  TaskShuffleHandle,
} from './shuffle/shuffle-service.js'
export type {
  DataConnection,
  DataConnectionListener,
  DataListener,
  DataTransport,
} from './transport/data-transport.js'
export { InProcessDataTransport } from './transport/in-process-data-transport.js'
export {
  DataPortError,
  type TcpDataTransportOptions,
  tcpDataTransport,
} from './transport/tcp-data-transport.js'
export {
  type BufferWaitStrategy,
  blockingBufferWait,
  inlineBufferWait,
} from './wakeup/buffer-wait-strategy.js'
export type { Doorbell } from './wakeup/doorbell.js'
export type { Defer } from './wakeup/doorbell-board.js'
