import { FlinkError } from '@flink-ts/core'

/** The connection to a producer's TaskManager broke, or the peer reported an error. Retriable by a restart of the task. */
export class RemoteTransportError extends FlinkError {
  readonly peer: string
  readonly partitionId: string

  constructor(message: string, facts: { peer: string; partitionId: string; cause?: unknown }) {
    super(message, { code: 'FLINK_REMOTE_TRANSPORT', retriable: true, cause: facts.cause })
    this.peer = facts.peer
    this.partitionId = facts.partitionId
  }
}

/** The producer's TaskManager does not know the partition, or did not within the partition request timeout. */
export class PartitionNotFoundError extends FlinkError {
  readonly partitionId: string

  constructor(message: string, facts: { partitionId: string }) {
    super(message, { code: 'FLINK_PARTITION_NOT_FOUND', retriable: true })
    this.partitionId = facts.partitionId
  }
}

/** The producer released its partition before its end: its task failed or was cancelled. */
export class PartitionReleasedError extends FlinkError {
  readonly partitionId: string

  constructor(message: string, facts: { partitionId: string }) {
    super(message, { code: 'FLINK_PARTITION_RELEASED', retriable: true })
    this.partitionId = facts.partitionId
  }
}

/** A channel's bytes cannot be what its producer wrote. */
export class CorruptChannelDataError extends FlinkError {
  readonly partitionId: string
  readonly channel: number

  constructor(message: string, facts: { partitionId: string; channel: number; cause?: unknown }) {
    super(message, { code: 'FLINK_CORRUPT_CHANNEL_DATA', retriable: true, cause: facts.cause })
    this.partitionId = facts.partitionId
    this.channel = facts.channel
  }
}

/** The network memory cannot hold the least number of buffers that a new partition or gate needs. */
export class InsufficientNetworkBuffersError extends FlinkError {
  readonly required: number
  readonly available: number
  readonly total: number

  constructor(facts: { owner: string; required: number; available: number; total: number }) {
    super(
      `Could not reserve network buffers for ${facts.owner}: ${facts.required} required, ` +
        `${facts.available} of ${facts.total} not reserved yet; raise taskmanager.memory.network.min ` +
        '(and .max) or taskmanager.memory.network.fraction, or lower the parallelism',
      { code: 'FLINK_INSUFFICIENT_NETWORK_BUFFERS', retriable: true },
    )
    this.required = facts.required
    this.available = facts.available
    this.total = facts.total
  }
}

/** A record is larger than the largest that may travel. */
export class RecordTooLargeError extends FlinkError {
  readonly limitBytes: number

  constructor(limitBytes: number) {
    super(
      `Could not write a record to the network: it takes more than ${limitBytes} bytes; ` +
        'records of that size belong into a file, with its path in the record',
      { code: 'FLINK_RECORD_TOO_LARGE' },
    )
    this.limitBytes = limitBytes
  }
}

/** A task was cancelled while it waited for a network buffer. */
export class BufferWaitCancelledError extends FlinkError {
  constructor() {
    super('Stopped waiting for a network buffer: the task was cancelled', {
      code: 'FLINK_BUFFER_WAIT_CANCELLED',
    })
  }
}

/** A peer broke the data protocol. Its connection is closed. */
export class DataProtocolError extends FlinkError {
  constructor(message: string) {
    super(message, { code: 'FLINK_DATA_PROTOCOL' })
  }
}
