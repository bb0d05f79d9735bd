import type { Clock, Logger } from '@flink-ts/core'
import type { BufferQueueHandle } from '../buffer/buffer-queue.js'
import type { DataLocation } from './descriptors.js'
import type { NetworkContext } from './network-context.js'

/** What the environment hands to its connections. */
export interface NetworkIoWorld {
  readonly context: NetworkContext
  /** The doorbell of the thread that runs the connections. */
  readonly bell: number
  readonly resourceId: string
  readonly partitionRequestTimeoutMs: number
  readonly clock: Clock
  readonly log: Logger
}

/** A local partition that peers may read. Cloneable. */
export interface ServedPartition {
  readonly partitionId: string
  readonly queues: readonly BufferQueueHandle[]
  /** Of a blocking partition, which has no queues. */
  readonly folder?: string
}

/** The channels of a gate whose producers are elsewhere. Cloneable. */
export interface RemoteGate {
  readonly gateId: string
  readonly exclusiveBuffersPerChannel: number
  /** Int32: segments for exclusive and floating buffers together. */
  readonly quota: SharedArrayBuffer
  readonly channels: readonly RemoteChannel[]
}

export interface RemoteChannel {
  readonly location: DataLocation
  readonly partitionId: string
  readonly subpartition: number
  readonly queue: BufferQueueHandle
}

/** The part of a TaskManager that speaks with its peers: in a thread of its own, or inline. */
export interface NetworkIo {
  /** The port where peers find this TaskManager; 0: nowhere. */
  readonly dataPort: number
  registerPartition(partition: ServedPartition): void
  /** Resolves when nothing here reads the partitions' queues any more. */
  releasePartitions(partitionIds: readonly string[]): Promise<void>
  openGate(gate: RemoteGate): void
  /** Resolves when nothing here writes into the gate's queues any more. */
  closeGate(gateId: string): Promise<void>
  /** Drops the connections with a peer, as when its heartbeat has failed. */
  failConnection(resourceId: string, reason: string): void
  close(): Promise<void>
}

/** For a process without peers: there is nobody to speak with. */
export const noNetworkIo: NetworkIo = {
  dataPort: 0,
  registerPartition() {},
  async releasePartitions() {},
  openGate(gate) {
    const peer = gate.channels[0]?.location
    throw new Error(
      `gate ${gate.gateId} wants to read from ${peer?.host}:${peer?.dataPort}, but this process has no data connections`,
    )
  },
  async closeGate() {},
  failConnection() {},
  async close() {},
}
