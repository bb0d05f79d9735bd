export type { ChannelEvent, SnapshotType, WatermarkStatus } from './element/channel-event.js'
export type {
  DataLocation,
  InputGateDescriptor,
  PartitionerType,
  ResultPartitionDescriptor,
  ShuffleDescriptor,
  SubpartitionRange,
} from './environment/descriptors.js'
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
