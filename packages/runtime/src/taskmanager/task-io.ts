import type { CountingOutput } from '../operators/chain-outputs.js'

/** What {@link TaskInput.next} found. */
export const Element = {
  /** Nothing for now. */
  none: 0,
  record: 1,
  watermark: 2,
  active: 3,
  idle: 4,
  /** No more records on this channel. */
  endOfData: 5,
  /** Nothing at all follows on this channel. */
  endOfPartition: 6,
} as const
export type ElementKind = (typeof Element)[keyof typeof Element]

/** One input gate as its task reads it: an iterator without allocation. Never blocks. */
export interface TaskInput {
  /** The input of the head that it feeds. */
  readonly inputIndex: number
  readonly numberOfChannels: number
  /**
   * Moves to the next element of whatever channel has one.
   *
   * @throws RemoteTransportError, PartitionNotFoundError, … when a channel broke
   */
  next(): ElementKind
  /** The record that `next` found. */
  readonly value: unknown
  /** Its timestamp, or the watermark that `next` found. */
  readonly timestamp: number
  /** Where what `next` found came from. */
  readonly channelIndex: number
  /** Calls `callback` once when `next` may find something, never synchronously. Replaces an earlier one. */
  onAvailable(callback: () => void): void
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
  endOfData(): void
  /** Flushes; nothing can be written afterwards. What is queued lives on until it is consumed. */
  endOfPartition(): void
  /** Gives up: the consumers learn that the partition is gone. No effect after `endOfPartition`. */
  close(): void
}
