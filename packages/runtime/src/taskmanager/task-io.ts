import type { InputStatus } from '@flink-ts/core'
import type {
  ChannelCapture,
  ChannelEvent,
  CheckpointBarrier,
  CopiedSlot,
  QueuedBarrier,
} from '@flink-ts/network'
import type { CountingOutput } from '../operators/chain-outputs.js'

/** Takes what a gate reads; the network's `RecordHandler`. */
export interface TaskInputHandler {
  /** @param timestamp event time in ms, NaN: none */
  onRecord(value: unknown, timestamp: number, channel: number): void
  onWatermark(timestampMs: number, channel: number): void
  onWatermarkStatus(status: 'ACTIVE' | 'IDLE', channel: number): void
  /** The last event of each channel is END_OF_PARTITION. @param isPriority it has overtaken what the channel still holds */
  onEvent(event: ChannelEvent, channel: number, isPriority?: boolean): void
}

/** One input gate as its task reads it. Never blocks. */
export interface TaskInput {
  /** The input of the head that it feeds. */
  readonly inputIndex: number
  readonly numberOfChannels: number
  /**
   * Hands over what is there, at most about `maxElements`.
   *
   * @throws RemoteTransportError, PartitionNotFoundError, … when a channel broke
   */
  poll(handler: TaskInputHandler, maxElements: number): InputStatus
  /** Calls `callback` once when `poll` may find something, never synchronously. Replaces an earlier one. */
  onAvailable(callback: () => void): void
  /** Reads nothing from the channel until {@link resume}. Idempotent. */
  block(channel: number): void
  resume(channel: number): void
  /** Bytes of all buffers that have been read to their end. */
  readonly bytesConsumed: number
  /** Hands over priority events alone. @returns whether there were any */
  pollPriority(handler: TaskInputHandler): boolean
  /** As `onAvailable`, for priority events alone. */
  onPriority(callback: () => void): void
  /** Stores from now on what the channel has not handed over. */
  beginCapture(channel: number): ChannelCapture
  endCapture(channel: number): void
  close(): void
}

/** One result partition as its task writes it. */
export interface TaskOutput extends CountingOutput {
  /** Whether a record can be written without waiting for a buffer. */
  isAvailable(): boolean
  /** Calls `callback` once when it is available, never synchronously. Replaces an earlier one. */
  onAvailable(callback: () => void): void
  /** Shows the consumers what has been written. */
  flush(): void
  /** After everything written before; shown at once. */
  broadcastEvent(event: ChannelEvent): void
  /** Whether barriers may overtake what was written. */
  readonly canOvertake: boolean
  /** Before everything that was written and not read. @returns what it has overtaken, by channel */
  overtake(barrier: CheckpointBarrier): readonly (readonly CopiedSlot[])[]
  /** After everything written before, which it may overtake later. Only where it {@link canOvertake}. */
  queueBarrier(barrier: CheckpointBarrier): QueuedBarrier
  /** The task stops using it. */
  close(): void
}
