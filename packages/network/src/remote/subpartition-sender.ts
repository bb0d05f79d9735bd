import { INLINE_BYTES, SlotFlags } from '../buffer/buffer-queue.js'
import type { ChannelSource } from '../gate/channel-source.js'
import { encodeBufferHeader, FRAME_HEADER_BYTES, writeBufferHeader } from './frames.js'

/** What one write to a connection carries. */
export interface SendBatch {
  readonly chunks: Uint8Array[]
  bytes: number
  /** Whose `onSent` is to be called when the batch has been sent, in order. */
  readonly parts: { readonly sender: SubpartitionSender; readonly isSlotDone: boolean }[]
}

/** Reads a subpartition's queue for one remote consumer, as far as its credit reaches. */
export class SubpartitionSender {
  readonly channel: number
  readonly partitionId: string
  readonly queue: ChannelSource
  readonly #onIdle: () => void
  #credit: number
  #sequence = 0
  /** Parts of batches that read the queue's memory still. */
  #inFlight = 0
  isClosed = false

  constructor(options: {
    channel: number
    partitionId: string
    queue: ChannelSource
    credit: number
    /** Closed, and no bytes of it are being sent any more. */
    onIdle: () => void
  }) {
    this.channel = options.channel
    this.partitionId = options.partitionId
    this.queue = options.queue
    this.#credit = options.credit
    this.#onIdle = options.onIdle
  }

  addCredit(credit: number): void {
    this.#credit += credit
  }

  /**
   * Puts the next bytes into `batch`.
   *
   * @returns `ended` after the last of the partition; `idle` when there is nothing or no credit
   */
  fill(batch: SendBatch): 'sent' | 'idle' | 'ended' {
    const queue = this.queue
    const priority = queue.takePriority()
    if (priority !== undefined) {
      const flags = SlotFlags.event | SlotFlags.priority
      const { length } = priority
      const backlog = queue.backlog()
      const header = { channel: this.channel, sequence: this.#sequence++, flags, backlog, length }
      batch.chunks.push(encodeBufferHeader(header), priority)
      batch.bytes += length
      return 'sent'
    }
    while (queue.peek()) {
      const length = queue.end - queue.start
      const isLast = (queue.flags & SlotFlags.endOfPartition) !== 0
      if (length > 0) {
        const isFree = (queue.flags & SlotFlags.event) !== 0 && length <= INLINE_BYTES
        if (!isFree && this.#credit === 0) return 'idle'
        if (!isFree) this.#credit--
        this.#putFrame(batch, length)
      }
      const isSlotDone = queue.consume()
      batch.parts.push({ sender: this, isSlotDone })
      this.#inFlight++
      if (isLast) return 'ended'
      if (length > 0) return 'sent'
    }
    return 'idle'
  }

  /** A part of a batch has been sent. `ringProducer` is due after the last. */
  onSent(isSlotDone: boolean): void {
    if (isSlotDone) this.queue.release()
    this.#inFlight--
    this.#checkIdle()
  }

  /** Wakes the producer for what has been sent. */
  ringProducer(): void {
    this.queue.ringProducer()
  }

  /** Nothing more will be sent. What is on its way still reads the queue's memory. */
  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.queue.detach()
    this.#checkIdle()
  }

  #checkIdle(): void {
    if (this.isClosed && this.#inFlight === 0) this.#onIdle()
  }

  #putFrame(batch: SendBatch, length: number): void {
    const { queue } = this
    // Tables are reset at the start of a buffer only, not where the rest of one is sent.
    const flags = queue.start === 0 ? queue.flags : queue.flags & ~SlotFlags.reset
    const backlog = Math.max(0, queue.backlog() - 1)
    const header = { channel: this.channel, sequence: this.#sequence++, flags, backlog, length }
    const frame = queue.frame(FRAME_HEADER_BYTES)
    if (frame === undefined) batch.chunks.push(encodeBufferHeader(header), queue.bytes())
    else {
      writeBufferHeader(frame, header)
      batch.chunks.push(frame)
    }
    batch.bytes += length
  }
}
