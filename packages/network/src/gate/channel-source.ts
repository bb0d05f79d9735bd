import type { QueueErrorKindValue } from '../buffer/buffer-queue.js'
import type { SegmentView } from '../buffer/segment-view.js'
import type { SlotSequence } from '../buffer/slot-copy.js'

/**
 * Where the buffers of a channel come from: a queue, or the file of a blocking partition. Read by one
 * thread: `peek`, then `openView`, `bytes` or `frame`, then `consume`, then `release`.
 */
export interface ChannelSource {
  readonly memory: ChannelSourceState
  /** Of what `peek` found: `SlotFlags`, and the bytes [start, end) that are not consumed yet. */
  readonly flags: number
  readonly start: number
  readonly end: number
  readonly isRingDue: boolean
  /** Absent: what it holds cannot be stored by a checkpoint. */
  readonly slots?: SlotSequence
  hasData(): boolean
  hasPriority(): boolean
  takePriority(): Buffer | undefined
  backlog(): number
  /** On their way to the reader, as far as it can know. */
  buffersInUse(): number
  /** The reader wants buffers to be filled so far only. */
  announceBufferSize(bytes: number): void
  peek(): boolean
  openView(view: SegmentView): void
  bytes(): Buffer
  frame(room: number): Buffer | undefined
  consume(): boolean
  release(): void
  ringProducer(): void
  detach(): void
}

/** Counters of a source, and why it broke if it did. */
export interface ChannelSourceState {
  readonly counters: Float64Array
  errorKind(): QueueErrorKindValue
  errorText(): string
}
