import type { SegmentView } from '../buffer/segment-view.js'
import type { CopiedSlot } from '../buffer/slot-copy.js'
import type { CheckpointBarrier } from '../element/channel-event.js'

/** Where the elements of one channel are written, or of all of them at once: the buffer being filled. */
export interface ChannelOutput {
  readonly index: number
  /** Empty (nothing fits) while no buffer is open. */
  readonly view: SegmentView
  /** Records written so far; shown in the counters with each flush. */
  numRecords: number
  /** Finishes the open buffer, if any, and opens the next. May wait for it. @param flags `SlotFlags` */
  nextBuffer(flags: number): void
  /**
   * Lets the rest of the open buffer be written, and shows the consumer what was written: at a low rate a buffer
   * takes long to fill, and showing half of it costs no more than the look that finds the half full.
   *
   * @returns false if there is no rest
   */
  extend(): boolean
  /** Shows the consumer all that was written. */
  flush(): void
  /** Appends an event after what was written. */
  writeEvent(bytes: Uint8Array, flags: number): void
  /** Has an event overtake what was written and not been read. */
  writePriorityEvent(bytes: Uint8Array): void
}

/** An output whose barriers may overtake what was written: its buffers are shown whole, and have numbers. */
export interface OvertakableOutput extends ChannelOutput {
  /**
   * Has a barrier overtake what was written and not been read. If that cannot be, it goes behind it.
   *
   * @returns what it has overtaken, as far as the consumer may not have it
   */
  overtake(barrier: CheckpointBarrier): readonly CopiedSlot[]
  /** Appends a barrier after what was written. @returns the number of its slot */
  queueBarrier(barrier: CheckpointBarrier): number
  /** Whether the consumer, or whoever sends to it, has taken the slot and all before it. */
  isTaken(number: number): boolean
  /**
   * Has the barrier that was appended with this number overtake what is before it. Nothing happens if the consumer has read it; it
   * may see both otherwise.
   *
   * @returns as `overtake`
   */
  overtakeWith(barrier: CheckpointBarrier, number: number): readonly CopiedSlot[]
}

export function isOvertakableOutput(output: ChannelOutput): output is OvertakableOutput {
  return 'overtake' in output
}

/** What one subtask writes, as its thread sees it. Used by one thread. */
export interface WritablePartition {
  readonly partitionId: string
  readonly numberOfSubpartitions: number
  /** One per subpartition; a single one if everything goes to all. */
  readonly outputs: readonly ChannelOutput[]
  /** Whether the next input may be processed. Cheap while it is so. */
  isAvailable(): boolean
  /** Calls `callback` once when the partition is available, never synchronously. Replaces an earlier one. */
  onAvailable(callback: () => void): void
  /** Shows the consumers all that was written. */
  flushAll(): void
  /** Calls `callback` once when `isTaken` holds, which changes as consumers read; never synchronously. Replaces an earlier one. */
  onTaken?(isTaken: () => boolean, callback: () => void): void
  /** The task stops using the partition. What was handed over stays for the consumers. */
  close(): void
}
