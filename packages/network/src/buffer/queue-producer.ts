import assert from 'node:assert/strict'
import type { DoorbellBoard } from '../wakeup/doorbell-board.js'
import {
  type BufferQueueHandle,
  CONSUMER_BELL,
  CONSUMER_STATE,
  EndState,
  HEAD,
  INLINE_BYTES,
  inlineBytesAt,
  PRIORITY_HEAD,
  PRIORITY_SLOTS,
  PRIORITY_TAIL,
  PRODUCED,
  PRODUCER_BELL,
  PRODUCER_STATE,
  prioritySlotAt,
  QUEUE_SLOTS,
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

/**
 * The writing end of a queue; one per queue, in one thread.
 *
 * The last slot may be open: its segment is still being written, and each commit shows the consumer
 * more of it. So flushing costs no buffer, however often it happens.
 */
export class QueueProducer {
  readonly queueId: number
  readonly memory: QueueMemory
  readonly #ints: Int32Array
  readonly #doorbells: DoorbellBoard
  #tail: number
  #openSlot = -1
  #committed = 0
  readonly #ringsItself: boolean

  /** @param ringsItself whether the consumer is rung by each change; otherwise by `ringConsumer` only */
  constructor(
    handle: BufferQueueHandle,
    doorbells: DoorbellBoard,
    bell: number,
    ringsItself = true,
  ) {
    this.queueId = handle.queueId
    this.memory = new QueueMemory(handle)
    this.#ints = this.memory.ints
    this.#doorbells = doorbells
    this.#ringsItself = ringsItself
    const before = Atomics.exchange(this.#ints, PRODUCER_STATE, EndState.attached)
    assert(before === EndState.none, 'a queue has one producer')
    Atomics.store(this.#ints, PRODUCER_BELL, bell)
    this.#tail = Atomics.load(this.#ints, TAIL)
  }

  /** Slots that the consumer has not given back; the open one counts. */
  queued(): number {
    return (this.#tail - Atomics.load(this.#ints, HEAD)) | 0
  }

  /** Number of the slot that is appended next. */
  get tailNumber(): number {
    return this.#tail
  }

  /** Number of the oldest slot that the consumer has not given back. */
  get headNumber(): number {
    return Atomics.load(this.#ints, HEAD)
  }

  hasRoom(): boolean {
    return this.queued() < QUEUE_SLOTS
  }

  get isConsumerGone(): boolean {
    return Atomics.load(this.#ints, CONSUMER_STATE) === EndState.gone
  }

  get isFailed(): boolean {
    return this.memory.errorKind() !== 0
  }

  /** How far buffers should be filled, in bytes; 0: to their end. */
  get wantedBytes(): number {
    return Atomics.load(this.#ints, WANTED_BYTES)
  }

  /** Whether a half full buffer should be shown. */
  get wantsHalves(): boolean {
    return Atomics.load(this.#ints, WANTS_HALVES) === 1
  }

  /** Buffers that wait elsewhere to come into this queue. */
  showRemoteBacklog(buffers: number): void {
    Atomics.store(this.#ints, REMOTE_BACKLOG, buffers)
  }

  /** Appends an open slot. The segment belongs to the queue from now on. There must be room. */
  open(segment: number, flags: number): void {
    assert(this.#openSlot < 0, 'the slot before must be finished')
    this.#openSlot = this.#append(segment, flags, 0)
    this.#committed = 0
  }

  /** Shows the consumer the first `length` bytes of the open slot, and rings it. */
  commit(length: number): void {
    if (length === this.#committed) return
    this.memory.counters[PRODUCED + 1]! += length - this.#committed
    this.#committed = length
    Atomics.store(this.#ints, this.#openSlot + SLOT_STATE, length << 1)
    this.#changed()
  }

  /** No more will be written into the open slot. */
  finish(length: number): void {
    const counters = this.memory.counters
    counters[PRODUCED + 1]! += length - this.#committed
    counters[PRODUCED + 2]! += 1
    Atomics.store(this.#ints, this.#openSlot + SLOT_STATE, (length << 1) | 1)
    this.#openSlot = -1
    this.#changed()
  }

  /** Appends a finished slot. There must be room. */
  push(segment: number, length: number, flags: number): void {
    assert(this.#openSlot < 0, 'the slot before must be finished')
    this.#append(segment, flags, (length << 1) | 1)
    this.#count(length)
    this.#changed()
  }

  /** Appends a finished slot whose bytes are in the slot itself. There must be room. */
  pushInline(bytes: Uint8Array, flags: number): void {
    assert(this.#openSlot < 0, 'the slot before must be finished')
    assert(bytes.length <= INLINE_BYTES, 'inline bytes fit a slot')
    const slot = slotAt(this.#tail)
    this.memory.bytes.set(bytes, inlineBytesAt(slot))
    this.#append(-1, flags, (bytes.length << 1) | 1)
    this.#count(bytes.length)
    this.#changed()
  }

  /** Whether the priority lane has room. */
  get canPushPriority(): boolean {
    const tail = Atomics.load(this.#ints, PRIORITY_TAIL)
    return ((tail - Atomics.load(this.#ints, PRIORITY_HEAD)) | 0) < PRIORITY_SLOTS
  }

  /**
   * Puts an event where the consumer sees it before all that is queued.
   *
   * @returns false if it is too large or too many wait there: it has to go the usual way
   */
  pushPriority(bytes: Uint8Array): boolean {
    if (!this.canPushPriority || bytes.length > INLINE_BYTES) return false
    const tail = Atomics.load(this.#ints, PRIORITY_TAIL)
    const slot = prioritySlotAt(tail)
    this.memory.bytes.set(bytes, inlineBytesAt(slot))
    this.#ints[slot + SLOT_STATE] = bytes.length
    Atomics.store(this.#ints, PRIORITY_TAIL, (tail + 1) | 0)
    this.#count(bytes.length)
    // Never put off: overtaking is what it is for.
    this.ringConsumer()
    return true
  }

  #append(segment: number, flags: number, state: number): number {
    assert(this.hasRoom(), 'the queue has room')
    const slot = slotAt(this.#tail)
    this.#ints[slot + SLOT_SEGMENT] = segment
    this.#ints[slot + SLOT_FLAGS] = flags
    Atomics.store(this.#ints, slot + SLOT_STATE, state)
    this.#tail = (this.#tail + 1) | 0
    Atomics.store(this.#ints, TAIL, this.#tail)
    if ((flags & SlotFlags.endOfPartition) !== 0) {
      Atomics.store(this.#ints, PRODUCER_STATE, EndState.gone)
    }
    return slot
  }

  #count(length: number): void {
    this.memory.counters[PRODUCED + 1]! += length
    this.memory.counters[PRODUCED + 2]! += 1
  }

  #changed(): void {
    if (this.#ringsItself) this.ringConsumer()
  }

  /** Wakes the consumer if it sleeps. */
  ringConsumer(): void {
    this.#doorbells.ring(Atomics.load(this.#ints, CONSUMER_BELL))
  }
}
