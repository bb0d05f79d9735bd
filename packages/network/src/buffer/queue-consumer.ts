import assert from 'node:assert/strict'
import type { DoorbellBoard } from '../wakeup/doorbell-board.js'
import {
  type BufferQueueHandle,
  CONSUMED,
  CONSUMER_BELL,
  CONSUMER_STATE,
  EndState,
  HEAD,
  inlineBytesAt,
  PRIORITY_HEAD,
  PRIORITY_TAIL,
  PRODUCER_BELL,
  prioritySlotAt,
  QueueMemory,
  REMOTE_BACKLOG,
  SLOT_FLAGS,
  SLOT_SEGMENT,
  SLOT_STATE,
  SlotFlags,
  slotAt,
  TAIL,
  WANTED_BYTES,
  WANTS_HALVES,
} from './buffer-queue.js'
import { FRAME_ROOM_BYTES, type NetworkBufferPool } from './network-buffer-pool.js'
import type { SegmentView } from './segment-view.js'
import { type CopiedSlot, copySlot, type SlotSequence } from './slot-copy.js'

// A producer that is woken for each slot sends each alone: waking costs more than filling a buffer.
const RELEASES_PER_RING = 4

/**
 * The reading end of a queue; one per queue, in one thread.
 *
 * Reading (`peek`, `consume`) may run ahead of giving back (`release`), as a socket's writes do.
 * The producer is rung for every few slots that were given back; `ringProducer` tells it of the rest, and
 * must be called before the consumer waits.
 */
export class QueueConsumer implements SlotSequence {
  readonly queueId: number
  readonly memory: QueueMemory
  readonly #ints: Int32Array
  readonly #pool: NetworkBufferPool
  readonly #doorbells: DoorbellBoard
  #head: number
  #cursor: number
  #position = 0

  /** Of the slot that `peek` found. */
  segment = -1
  flags = 0
  /** Its bytes that are not consumed yet lie in [start, end). */
  start = 0
  end = 0
  isFinished = false
  #slot = 0
  #unrung = 0

  constructor(
    handle: BufferQueueHandle,
    context: { pool: NetworkBufferPool; doorbells: DoorbellBoard },
    bell: number,
    wantsHalves = false,
  ) {
    this.queueId = handle.queueId
    this.memory = new QueueMemory(handle)
    this.#ints = this.memory.ints
    this.#pool = context.pool
    this.#doorbells = context.doorbells
    const before = Atomics.exchange(this.#ints, CONSUMER_STATE, EndState.attached)
    assert(before === EndState.none, 'a queue has one consumer')
    Atomics.store(this.#ints, CONSUMER_BELL, bell)
    Atomics.store(this.#ints, WANTS_HALVES, wantsHalves ? 1 : 0)
    this.#head = Atomics.load(this.#ints, HEAD)
    this.#cursor = this.#head
  }

  /** Whether a consumer may still be attached: a subpartition is read once. */
  static isTaken(handle: BufferQueueHandle): boolean {
    return Atomics.load(new Int32Array(handle.memory), CONSUMER_STATE) !== EndState.none
  }

  get slots(): SlotSequence {
    return this
  }

  get cursorNumber(): number {
    return this.#cursor
  }

  get tailNumber(): number {
    return Atomics.load(this.#ints, TAIL)
  }

  isWhole(number: number): boolean {
    return (Atomics.load(this.#ints, slotAt(number) + SLOT_STATE) & 1) === 1
  }

  copySlot(number: number): CopiedSlot {
    return copySlot(this.memory, this.#pool, number)
  }

  /** Whether an event waits that overtakes everything else. */
  hasPriority(): boolean {
    return Atomics.load(this.#ints, PRIORITY_TAIL) !== Atomics.load(this.#ints, PRIORITY_HEAD)
  }

  /** The bytes of the oldest priority event, copied, or undefined. */
  takePriority(): Buffer | undefined {
    if (!this.hasPriority()) return undefined
    const head = Atomics.load(this.#ints, PRIORITY_HEAD)
    const slot = prioritySlotAt(head)
    const at = inlineBytesAt(slot)
    const bytes = Buffer.from(this.memory.bytes.subarray(at, at + this.#ints[slot + SLOT_STATE]!))
    Atomics.store(this.#ints, PRIORITY_HEAD, (head + 1) | 0)
    this.memory.counters[CONSUMED + 1]! += bytes.length
    this.memory.counters[CONSUMED + 2]! += 1
    return bytes
  }

  /** Whether a `peek` would find something. */
  hasData(): boolean {
    if (this.#cursor === Atomics.load(this.#ints, TAIL)) return false
    const state = Atomics.load(this.#ints, slotAt(this.#cursor) + SLOT_STATE)
    return (state & 1) === 1 || state >> 1 > this.#position
  }

  /** Slots from the cursor on; the open one counts. */
  backlog(): number {
    return (Atomics.load(this.#ints, TAIL) - this.#cursor) | 0
  }

  /** Buffers on their way to the consumer: in the queue, and at a producer elsewhere. */
  buffersInUse(): number {
    return this.backlog() + Atomics.load(this.#ints, REMOTE_BACKLOG)
  }

  /** Has the producer fill buffers to `bytes` only, from the next one on. */
  announceBufferSize(bytes: number): void {
    Atomics.store(this.#ints, WANTED_BYTES, bytes)
    this.#doorbells.ring(Atomics.load(this.#ints, PRODUCER_BELL))
  }

  /**
   * Looks at the slot under the cursor: true if it has bytes to consume or is finished (perhaps
   * with none left). Fills the public fields.
   */
  peek(): boolean {
    if (this.#cursor === Atomics.load(this.#ints, TAIL)) return false
    const slot = slotAt(this.#cursor)
    const state = Atomics.load(this.#ints, slot + SLOT_STATE)
    this.end = state >> 1
    this.isFinished = (state & 1) === 1
    if (!this.isFinished && this.end === this.#position) return false
    this.#slot = slot
    this.start = this.#position
    this.segment = this.#ints[slot + SLOT_SEGMENT]!
    this.flags = this.#ints[slot + SLOT_FLAGS]!
    return true
  }

  /** Points `view` at the bytes that `peek` found. */
  openView(view: SegmentView): void {
    if (this.segment >= 0) {
      const pool = this.#pool
      view.set(pool.buffer(this.segment), pool.dataView(this.segment), this.start, this.end)
    } else {
      const at = inlineBytesAt(this.#slot)
      view.set(this.memory.bytes, this.memory.data, at + this.start, at + this.end)
    }
  }

  /** The bytes that `peek` found, without copying. Valid until the slot is released. */
  bytes(): Buffer {
    if (this.segment >= 0) return this.#pool.buffer(this.segment).subarray(this.start, this.end)
    const at = inlineBytesAt(this.#slot)
    return this.memory.bytes.subarray(at + this.start, at + this.end)
  }

  /**
   * The bytes that `peek` found with `room` bytes in front of them that the caller may write, or undefined
   * if there is no such room: what lies before them may be on its way still, or others read it too.
   */
  frame(room: number): Buffer | undefined {
    if (this.segment < 0 || this.start !== 0 || (this.flags & SlotFlags.shared) !== 0)
      return undefined
    const at = FRAME_ROOM_BYTES
    return this.#pool.frame(this.segment).subarray(at - room, at + this.end)
  }

  /**
   * All that `peek` found has been read; goes on to the next slot if this one is finished.
   *
   * @returns whether it did; the slot is given back by `release`
   */
  consume(): boolean {
    this.memory.counters[CONSUMED + 1]! += this.end - this.#position
    if (!this.isFinished) {
      this.#position = this.end
      return false
    }
    this.memory.counters[CONSUMED + 2]! += 1
    this.#position = 0
    this.#cursor = (this.#cursor + 1) | 0
    return true
  }

  /** Gives the oldest consumed slot back: its segment is recycled. */
  release(): void {
    assert(this.#head !== this.#cursor, 'only consumed slots are released')
    const segment = this.#ints[slotAt(this.#head) + SLOT_SEGMENT]!
    this.#head = (this.#head + 1) | 0
    // Before the segment is: a producer that copies a slot looks here whether it was there to the end.
    Atomics.store(this.#ints, HEAD, this.#head)
    if (segment >= 0) this.#pool.recycle(segment)
    if (++this.#unrung >= RELEASES_PER_RING) this.ringProducer()
  }

  /** Whether the producer has not been told of slots that were given back. */
  get isRingDue(): boolean {
    return this.#unrung > 0
  }

  /** Tells the producer of what was given back since the last ring. */
  ringProducer(): void {
    if (this.#unrung === 0) return
    this.#unrung = 0
    this.#doorbells.ring(Atomics.load(this.#ints, PRODUCER_BELL))
  }

  /** Nobody will read any more; the producer may discard what it writes. */
  detach(): void {
    Atomics.store(this.#ints, CONSUMER_STATE, EndState.gone)
    Atomics.store(this.#ints, CONSUMER_BELL, 0)
    this.#doorbells.ring(Atomics.load(this.#ints, PRODUCER_BELL))
  }
}
