/** Cloneable form of a queue: it is only memory and a name. */
export interface BufferQueueHandle {
  /** Owner id of the queue's segments in the pool; not 0. */
  readonly queueId: number
  readonly memory: SharedArrayBuffer
}

/** What one end of a channel has moved; counts since its start. */
export interface ChannelCounters {
  readonly numRecords: number
  readonly numBytes: number
  readonly numBuffers: number
}

/** Why a channel ended before END_OF_PARTITION. */
export const QueueErrorKind = {
  none: 0,
  remoteTransport: 1,
  partitionNotFound: 2,
  partitionReleased: 3,
} as const
export type QueueErrorKindValue = (typeof QueueErrorKind)[keyof typeof QueueErrorKind]

/** Bits of a slot. */
export const SlotFlags = {
  /** The bytes are one event, not elements. */
  event: 1,
  /** Decoding tables are reset before the first byte: decodable alone. */
  reset: 2,
  /** The last of the channel. */
  endOfPartition: 4,
  /** The segment is in several queues: nobody but its producer writes into it. */
  shared: 8,
  /** An LZ4 block behind its u32 length before compression. */
  compressed: 16,
  /** An event that overtakes what is queued. */
  priority: 32,
} as const

/** How many slots a queue has: the limit of queued buffers, the overdraft, and room for events. */
export const QUEUE_SLOTS = 32
/** Priority events that may wait in their own lane of a queue. */
export const PRIORITY_SLOTS = 4
/** Bytes of an event that travel in the slot itself; a larger one takes a segment. */
export const INLINE_BYTES = 240

// Layout in Int32: what one thread writes shares no cache line with what the other writes.
export const HEAD = 0
export const CONSUMER_BELL = 1
export const CONSUMER_STATE = 2
export const PRIORITY_HEAD = 3
/** How far the consumer wants buffers to be filled, in bytes; 0: to their end. */
export const WANTED_BYTES = 4
/** 1: the consumer wants to see a buffer when half of it is full; not one that sends it on, which would send two. */
export const WANTS_HALVES = 5
export const TAIL = 16
export const PRODUCER_BELL = 17
export const PRODUCER_STATE = 18
export const PRIORITY_TAIL = 19
/** Buffers that wait at a producer elsewhere, as it said last. */
export const REMOTE_BACKLOG = 20
export const ERROR_KIND = 32
export const ERROR_LENGTH = 33
const ERROR_TEXT_BYTE = 34 * 4
const ERROR_TEXT_BYTES = 376
/** In Float64. */
export const PRODUCED = 64
export const CONSUMED = 72
const SLOTS_BYTE = 640
const SLOT_BYTES = 256
/** In Int32, from the start of the slot. */
export const SLOT_SEGMENT = 0
/** Committed bytes × 2, plus 1 when no more will come: one word, so that both are seen at once. */
export const SLOT_STATE = 1
export const SLOT_FLAGS = 2

/** States of an end. */
export const EndState = { none: 0, attached: 1, gone: 2 } as const

/** A queue's memory as the two ends see it. */
export class QueueMemory {
  readonly ints: Int32Array
  /** Written by one thread, read by others for metrics; aligned 8-byte accesses do not tear on 64-bit machines. */
  readonly counters: Float64Array
  readonly bytes: Buffer
  readonly data: DataView

  constructor(handle: BufferQueueHandle) {
    this.ints = new Int32Array(handle.memory)
    this.counters = new Float64Array(handle.memory, 0, SLOTS_BYTE / 8)
    this.bytes = Buffer.from(handle.memory)
    this.data = new DataView(handle.memory)
  }

  /**
   * Marks the channel broken, once; the first cause stays. The consumer sees it before any buffer
   * that is still queued. The caller rings the consumer.
   */
  fail(kind: QueueErrorKindValue, text: string): boolean {
    // Text first, kind last: whoever sees the kind sees the text. Two failing threads could mix
    // their texts, which costs a garbled message and nothing else.
    if (Atomics.load(this.ints, ERROR_KIND) !== QueueErrorKind.none) return false
    const length = this.bytes.write(text, ERROR_TEXT_BYTE, ERROR_TEXT_BYTES)
    Atomics.store(this.ints, ERROR_LENGTH, length)
    return Atomics.compareExchange(this.ints, ERROR_KIND, QueueErrorKind.none, kind) === 0
  }

  errorKind(): QueueErrorKindValue {
    return Atomics.load(this.ints, ERROR_KIND) as QueueErrorKindValue
  }

  errorText(): string {
    const length = Atomics.load(this.ints, ERROR_LENGTH)
    return this.bytes.toString('utf8', ERROR_TEXT_BYTE, ERROR_TEXT_BYTE + length)
  }

  produced(): ChannelCounters {
    return this.#counters(PRODUCED)
  }

  consumed(): ChannelCounters {
    return this.#counters(CONSUMED)
  }

  #counters(at: number): ChannelCounters {
    return {
      numRecords: this.counters[at]!,
      numBytes: this.counters[at + 1]!,
      numBuffers: this.counters[at + 2]!,
    }
  }
}

/** Memory for a queue of {@link QUEUE_SLOTS} slots. */
export function createBufferQueue(queueId: number): BufferQueueHandle {
  return {
    queueId,
    memory: new SharedArrayBuffer(SLOTS_BYTE + (QUEUE_SLOTS + PRIORITY_SLOTS) * SLOT_BYTES),
  }
}

/** Int32 index of the slot that position `sequence` falls on. */
export function slotAt(sequence: number): number {
  return (SLOTS_BYTE + (sequence & (QUEUE_SLOTS - 1)) * SLOT_BYTES) >> 2
}

/** Int32 index of the slot in the priority lane that position `sequence` falls on. */
export function prioritySlotAt(sequence: number): number {
  return (SLOTS_BYTE + (QUEUE_SLOTS + (sequence & (PRIORITY_SLOTS - 1))) * SLOT_BYTES) >> 2
}

/** Byte index of the inline bytes of the slot at Int32 index `slot`. */
export function inlineBytesAt(slot: number): number {
  return (slot << 2) + SLOT_BYTES - INLINE_BYTES
}
