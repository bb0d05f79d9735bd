import assert from 'node:assert/strict'
import { INLINE_BYTES, PRODUCED, SlotFlags } from '../buffer/buffer-queue.js'
import { type NetworkBufferPool, NO_SEGMENT } from '../buffer/network-buffer-pool.js'
import type { QueueProducer } from '../buffer/queue-producer.js'
import { SegmentView } from '../buffer/segment-view.js'
import { type CopiedSlot, copySlot } from '../buffer/slot-copy.js'
import type { CheckpointBarrier } from '../element/channel-event.js'
import { encodeEvent } from '../element/event-codec.js'
import type { OvertakableOutput } from './channel-output.js'

/** How a subpartition gets its buffers and its turn; implemented by the partition. */
export interface SubpartitionOwner {
  readonly pool: NetworkBufferPool
  /** A segment for the output, {@link NO_SEGMENT} if its consumer is gone. May wait. */
  acquireSegment(output: SubpartitionOutput): number
  /** A segment for all outputs at once, {@link NO_SEGMENT} if all their consumers are gone. May wait. */
  acquireShared(): number
  /** Returns when the output's queue has room, or false if it must be kept back (inline). May wait. */
  awaitRoom(output: SubpartitionOutput): boolean
  /** The output keeps slots back: call `drainOverflow` when the queue has room. */
  overflowed(): void
}

// Less would be all headers.
const LEAST_BUFFER_BYTES = 256

// A smaller buffer is not shown in halves.
const LEAST_STAGED_BYTES = 4096

interface OverflowSlot {
  /** -1: inline bytes. */
  readonly segment: number
  readonly flags: number
  readonly inline: Uint8Array | undefined
  length: number
  finished: boolean
}

/** The producer's side of one subpartition: the buffer being filled, and the queue it goes to. */
export class SubpartitionOutput implements OvertakableOutput {
  readonly index: number
  readonly queue: QueueProducer
  /** Where elements are written; empty (nothing fits) while no buffer is open. */
  readonly view: SegmentView
  /** Records written so far; shown in the counters with each flush. */
  numRecords = 0
  readonly #owner: SubpartitionOwner
  readonly #isShared: boolean
  /** The consumer sees finished buffers only, so that both ends number them alike. */
  readonly #sendsWhole: boolean
  #isOpen = false
  /** How far the open buffer may be written, after `extend`. */
  #fullBytes = 0
  #isDiscarding = false
  /** Slots that the full queue has no room for. Inline only; the last may be open. */
  readonly #overflow: OverflowSlot[] = []

  /**
   * @param options.sharedView given: what is written goes to other subpartitions too, see {@link BroadcastOutput}
   * @param options.sendsWhole buffers are shown when they are finished, not before
   */
  constructor(
    index: number,
    queue: QueueProducer,
    owner: SubpartitionOwner,
    options: { sharedView?: SegmentView | undefined; sendsWhole?: boolean } = {},
  ) {
    const { sharedView, sendsWhole = false } = options
    this.index = index
    this.view = sharedView ?? new SegmentView()
    this.#isShared = sharedView !== undefined
    this.#sendsWhole = sendsWhole && !this.#isShared
    this.queue = queue
    this.#owner = owner
  }

  /** Buffers that are not consumed yet, wherever they wait; 0 if nobody will read them. */
  queued(): number {
    if (this.isAbandoned) return 0
    return this.queue.queued() + this.#overflow.length
  }

  get hasOverflow(): boolean {
    return this.#overflow.length > 0
  }

  /** Whether nobody reads it (any more). What is written is discarded. */
  get isAbandoned(): boolean {
    return this.queue.isConsumerGone || this.queue.isFailed
  }

  /** How far its consumer wants buffers to be filled. */
  get bufferBytes(): number {
    const { segmentBytes } = this.#owner.pool
    const { wantedBytes } = this.queue
    if (wantedBytes === 0) return segmentBytes
    return Math.min(segmentBytes, Math.max(LEAST_BUFFER_BYTES, wantedBytes))
  }

  /** How far a buffer is written before it is extended. */
  firstStage(fullBytes: number): number {
    if (this.#sendsWhole) return fullBytes
    const isStaged = fullBytes >= LEAST_STAGED_BYTES && this.queue.wantsHalves
    return isStaged ? fullBytes >> 1 : fullBytes
  }

  /** Finishes the open buffer, if any, and opens the next. May wait for it. */
  nextBuffer(flags: number): void {
    this.finishBuffer()
    const segment = this.#owner.acquireSegment(this)
    this.#isOpen = true
    if (segment === NO_SEGMENT) {
      this.#isDiscarding = true
      const nowhere = Buffer.alloc(this.#owner.pool.segmentBytes)
      this.#fullBytes = nowhere.length
      this.view.set(nowhere, new DataView(nowhere.buffer), 0, nowhere.length)
      return
    }
    const pool = this.#owner.pool
    this.#fullBytes = this.bufferBytes
    const limit = this.firstStage(this.#fullBytes)
    this.view.set(pool.buffer(segment), pool.dataView(segment), 0, limit)
    this.#openSlot(segment, flags)
  }

  /** Opens a slot for a segment that other outputs have too. */
  openShared(segment: number, flags: number): void {
    this.#isOpen = true
    this.#openSlot(segment, flags)
  }

  #openSlot(segment: number, flags: number): void {
    if (!this.hasOverflow && this.queue.hasRoom()) this.queue.open(segment, flags)
    else this.#keepBack({ segment, flags, inline: undefined, length: 0, finished: false })
  }

  extend(): boolean {
    if (!this.#isOpen || this.view.limit >= this.#fullBytes) return false
    this.flush()
    this.view.limit = this.#fullBytes
    return true
  }

  /** Hands the open buffer to the consumer for good. */
  finishBuffer(): void {
    if (!this.#isOpen) return
    this.finishShared(this.view.position)
    this.view.clear()
  }

  /** As `finishBuffer`, with the view left to the others that share it. */
  finishShared(length: number): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#showRecords()
    if (this.#isDiscarding) {
      this.#isDiscarding = false
      return
    }
    const kept = this.#openOverflow()
    if (kept === undefined) {
      this.queue.finish(length)
    } else {
      kept.length = length
      kept.finished = true
    }
  }

  /** Shows the consumer all that was written. */
  flush(): void {
    if (!this.#isOpen || this.#isDiscarding) return
    if (this.#sendsWhole) {
      if (this.view.position > 0) this.finishBuffer()
      return
    }
    this.#showRecords()
    const kept = this.#openOverflow()
    if (kept === undefined) this.queue.commit(this.view.position)
    else kept.length = this.view.position
  }

  /** Appends an event after what was written. */
  writeEvent(bytes: Uint8Array, flags: number): void {
    if (!this.#isShared) this.finishBuffer()
    if (this.isAbandoned) return
    if (bytes.length > INLINE_BYTES) {
      assert(bytes.length <= this.#owner.pool.segmentBytes, 'an event fits a network buffer')
      this.nextBuffer(flags | SlotFlags.event)
      this.view.bytes.set(bytes)
      this.view.position = bytes.length
      this.finishBuffer()
      return
    }
    const hasRoom = !this.hasOverflow && (this.queue.hasRoom() || this.#owner.awaitRoom(this))
    if (this.isAbandoned) return
    if (hasRoom) this.queue.pushInline(bytes, flags | SlotFlags.event)
    else {
      const slot = { segment: -1, flags: flags | SlotFlags.event, inline: bytes }
      this.#keepBack({ ...slot, length: bytes.length, finished: true })
    }
  }

  overtake(barrier: CheckpointBarrier): CopiedSlot[] {
    assert(this.#sendsWhole, 'slots that may be stored are shown whole')
    this.finishBuffer()
    if (this.isAbandoned) return []
    const overtaken = this.#overtake(barrier, this.#nextNumber)
    if (overtaken !== undefined) return overtaken
    // Behind all of it, then: nothing is overtaken.
    this.writeEvent(encodeEvent({ ...barrier, alignment: 'UNALIGNED' }), 0)
    return []
  }

  queueBarrier(barrier: CheckpointBarrier): number {
    assert(this.#sendsWhole, 'slots that may be stored are shown whole')
    this.finishBuffer()
    const number = this.#nextNumber
    this.writeEvent(encodeEvent(barrier), 0)
    return number
  }

  isTaken(number: number): boolean {
    return this.isAbandoned || this.queue.headNumber > number
  }

  overtakeWith(barrier: CheckpointBarrier, number: number): CopiedSlot[] {
    // What was sent to another process may wait there, unread.
    if (this.isTaken(number) && (this.isAbandoned || this.queue.wantsHalves)) return []
    return this.#overtake(barrier, number) ?? []
  }

  /** Of the slot that is appended next. */
  get #nextNumber(): number {
    return this.queue.tailNumber + this.#overflow.length
  }

  /** @param until the barrier overtakes what is before it @returns undefined: it cannot */
  #overtake(barrier: CheckpointBarrier, until: number): CopiedSlot[] | undefined {
    const { queue } = this
    const queued = Math.min(until, queue.tailNumber)
    // A consumer in this process sees the queue itself.
    const copies = queue.wantsHalves ? [] : this.#copyQueued(queued)
    const from = copies[0]?.number ?? queued
    this.#overflow.slice(0, until - queued).forEach((slot, i) => {
      copies.push(this.#copyKept(slot, queue.tailNumber + i))
    })
    const bytes = encodeEvent({ ...barrier, alignment: 'UNALIGNED', overtaken: { from, until } })
    return queue.pushPriority(bytes) ? copies : undefined
  }

  /** What the consumer has not given back. It may do so meanwhile: such copies are torn, and not needed. */
  #copyQueued(until: number): CopiedSlot[] {
    const { queue } = this
    const copies: CopiedSlot[] = []
    for (let number = queue.headNumber; number < until; number++) {
      copies.push(copySlot(queue.memory, this.#owner.pool, number))
    }
    const head = queue.headNumber
    return copies.filter(({ number }) => number >= head)
  }

  #copyKept({ segment, inline, flags, length }: OverflowSlot, number: number): CopiedSlot {
    const bytes = inline ?? this.#owner.pool.buffer(segment).subarray(0, length)
    return { number, flags, bytes: Buffer.from(bytes) }
  }

  writePriorityEvent(bytes: Uint8Array): void {
    if (this.isAbandoned || this.queue.pushPriority(bytes)) return
    this.writeEvent(bytes, 0)
  }

  /** Moves kept slots into the queue as far as there is room. */
  drainOverflow(): void {
    if (this.isAbandoned) this.#dropOverflow()
    while (this.#overflow.length > 0 && this.queue.hasRoom()) {
      const slot = this.#overflow.shift()!
      if (slot.inline !== undefined) this.queue.pushInline(slot.inline, slot.flags)
      else if (slot.finished) this.queue.push(slot.segment, slot.length, slot.flags)
      else {
        this.queue.open(slot.segment, slot.flags)
        this.queue.commit(slot.length)
      }
    }
  }

  #dropOverflow(): void {
    const open = this.#openOverflow()
    if (open !== undefined) {
      // Still being written: it goes on into nowhere.
      this.#isDiscarding = true
    }
    if (open !== undefined && !this.#isShared) {
      const { bytes, position } = this.view
      const nowhere = Buffer.from(bytes)
      this.view.set(
        nowhere,
        new DataView(nowhere.buffer, nowhere.byteOffset),
        position,
        nowhere.length,
      )
    }
    for (const slot of this.#overflow.splice(0)) {
      if (slot.segment >= 0) this.#owner.pool.recycle(slot.segment)
    }
  }

  #openOverflow(): OverflowSlot | undefined {
    const last = this.#overflow.at(-1)
    return last === undefined || last.finished ? undefined : last
  }

  #keepBack(slot: OverflowSlot): void {
    this.#overflow.push(slot)
    this.#owner.overflowed()
  }

  #showRecords(): void {
    this.queue.memory.counters[PRODUCED] = this.numRecords
  }
}
