import type { Clock, Logger } from '@flink-ts/core'
import type { ChannelCounters } from '../buffer/buffer-queue.js'
import type { BufferDebloating } from '../gate/buffer-debloater.js'
import type { Defer } from '../wakeup/doorbell-board.js'
import type { NetworkIo, NetworkIoWorld } from './network-io.js'

/** Sizes and limits; names and defaults are Flink's. */
export interface ShuffleLimits {
  /** Buffers that belong to each remote channel alone. Default 2. */
  readonly buffersPerChannel?: number
  /** Buffers that a gate's remote channels share. Default 8. */
  readonly floatingBuffersPerGate?: number
  /** Queued buffers of a subpartition from which on its task is backpressured. Default 10. */
  readonly maxBuffersPerSubpartition?: number
  /** Buffers beyond the quota for a record that was already begun. Default 5. */
  readonly maxOverdraftBuffersPerGate?: number
  /** Subpartitions from which on a blocking partition is one sorted file. Default 1. */
  readonly sortShuffleMinParallelism?: number
  /** Most buffers that such a partition sorts in. Default 512. */
  readonly sortShuffleMinBuffers?: number
  /** Whether blocking partitions are compressed. Default true. */
  readonly batchShuffleCompression?: boolean
  /** Absent: buffers are filled to their end. */
  readonly debloating?: BufferDebloating | undefined
  /** How long a consumer waits for a partition that is not there yet. Default 10 000 ms. */
  readonly partitionRequestTimeoutMs?: number
}

export interface ShuffleEnvironmentOptions {
  readonly resourceId: string
  /** Where peers reach this TaskManager. */
  readonly host: string
  readonly numberOfSegments: number
  /** Default 32 KiB. */
  readonly segmentBytes?: number
  readonly clock: Clock
  readonly log: Logger
  /**
   * Given: all tasks and the connections share this thread and are woken through it, so on any
   * clock. Absent: tasks are worker threads.
   */
  readonly defer?: Defer
  readonly limits?: ShuffleLimits
  /** Where blocking partitions are put, in turn; in folders of their own, deleted with the environment. */
  readonly tmpDirs?: readonly string[]
  /** How many partitions and gates may exist at a time. Default 8191. */
  readonly doorbellCapacity?: number
  /** Makes what speaks with peers. Absent: there are none, all tasks are in this environment. */
  readonly io?: (world: NetworkIoWorld) => Promise<NetworkIo>
}

/** Counters of one channel, from one side. */
export interface ChannelMetrics extends ChannelCounters {
  readonly partitionId: string
  readonly subpartition: number
  readonly isLocal: boolean
  readonly peer: string
}
