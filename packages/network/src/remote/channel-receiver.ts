import {
  CONSUMER_BELL,
  INLINE_BYTES,
  QUEUE_SLOTS,
  type QueueErrorKindValue,
  SlotFlags,
} from '../buffer/buffer-queue.js'
import { NO_SEGMENT } from '../buffer/network-buffer-pool.js'
import { QueueProducer } from '../buffer/queue-producer.js'
import type { NetworkContext } from '../environment/network-context.js'
import type { RemoteChannel } from '../environment/network-io.js'
import { DataProtocolError } from '../errors/network-errors.js'
import type { BufferHeader } from './frames.js'
import type { GateReceiver } from './gate-receiver.js'

// Events need no credit, but a peer may not fill our memory with them either.
const MAX_PENDING_EVENTS = 1024

// A consumer that is woken for each buffer reads each alone: waking costs more than reading one.
const BUFFERS_PER_RING = 4

interface Pending {
  readonly segment: number
  readonly inline: Buffer | undefined
  readonly length: number
  readonly flags: number
}

/** Puts what arrives for one channel into its consumer's queue, and holds the segments that its credit promises. */
export class ChannelReceiver {
  readonly channel: number
  readonly remote: RemoteChannel
  /** Whose buffers it shares. */
  readonly gate: GateReceiver
  readonly #queue: QueueProducer
  readonly #context: NetworkContext
  readonly #held: number[] = []
  readonly #pending: Pending[] = []
  /** Priority events that their lane has no room for. They get no slots of their own: both ends number slots alike. */
  readonly #pendingPriority: Buffer[] = []
  #sequence = 0
  #target: { segment: number; bytes: Buffer } | undefined
  /** Buffers that wait at the producer, as it said last. */
  backlog = 0
  #unrung = 0
  /** What the producer was told. */
  #bufferBytes = 0
  #hasEnd = false
  /** The end is in the queue, or the channel failed: nothing more comes. */
  isClosed = false

  constructor(
    channel: number,
    remote: RemoteChannel,
    options: { context: NetworkContext; bell: number; gate: GateReceiver },
  ) {
    this.gate = options.gate
    this.channel = channel
    this.remote = remote
    this.#context = options.context
    this.#queue = new QueueProducer(remote.queue, options.context.doorbells, options.bell, false)
  }

  /** Segments of this channel: held for what will come, and not consumed yet. */
  get inUse(): number {
    return this.#held.length + this.#queue.queued() + this.#pending.length
  }

  get heldSegments(): number {
    return this.#held.length
  }

  /** All has come, though the queue may have had no room for it yet. */
  get hasEnd(): boolean {
    return this.#hasEnd
  }

  /** Takes one more segment for one more credit. @returns whether there was one */
  hold(): boolean {
    const segment = this.#context.pool.request(this.#queue.queueId)
    if (segment === NO_SEGMENT) return false
    this.#held.push(segment)
    return true
  }

  /** Where the bytes of an arriving Buffer go. @throws DataProtocolError */
  start(header: BufferHeader): Buffer {
    if (header.sequence !== this.#sequence) {
      throw new DataProtocolError(
        `channel ${this.channel} continues with Buffer ${header.sequence} after ${this.#sequence - 1}`,
      )
    }
    this.#sequence = (this.#sequence + 1) >>> 0
    this.backlog = Math.min(header.backlog, QUEUE_SLOTS)
    this.#queue.showRemoteBacklog(this.backlog)
    if ((header.flags & SlotFlags.event) !== 0 && header.length <= INLINE_BYTES) {
      this.#target = { segment: NO_SEGMENT, bytes: Buffer.allocUnsafe(header.length) }
    } else {
      const segment = this.#held.pop()
      if (segment === undefined) {
        throw new DataProtocolError(`channel ${this.channel} got a Buffer beyond its credit`)
      }
      this.#target = { segment, bytes: this.#context.pool.receiveBuffer(segment) }
    }
    return this.#target.bytes
  }

  /** All bytes of the Buffer are there. */
  end({ length, flags }: BufferHeader): void {
    if (this.isClosed) {
      this.releaseTarget()
      return
    }
    const { segment, bytes } = this.#target!
    this.#target = undefined
    const inline = segment === NO_SEGMENT ? bytes : undefined
    if (this.#pending.length + this.#pendingPriority.length > MAX_PENDING_EVENTS) {
      throw new DataProtocolError(`channel ${this.channel} got too many events`)
    }
    if ((flags & SlotFlags.priority) !== 0 && inline !== undefined) {
      this.#pendingPriority.push(inline)
      this.#drainPriority()
      return
    }
    if ((flags & SlotFlags.endOfPartition) !== 0) this.#hasEnd = true
    this.#pending.push({ segment, inline, length, flags })
    this.drain()
  }

  /** The size that the consumer wants buffers to have, if the producer has not been told. */
  takeBufferSize(): number | undefined {
    const { wantedBytes } = this.#queue
    if (wantedBytes === this.#bufferBytes) return undefined
    this.#bufferBytes = wantedBytes
    return wantedBytes
  }

  /** Moves what has come into the queue as far as there is room. @returns whether the end is in it */
  drain(): boolean {
    this.#drainPriority()
    while (this.#pending.length > 0 && this.#queue.hasRoom()) {
      const { segment, inline, length, flags } = this.#pending.shift()!
      if (inline !== undefined) this.#queue.pushInline(inline, flags)
      else this.#queue.push(segment, length, flags)
      this.#unrung++
      if ((flags & SlotFlags.endOfPartition) !== 0) this.close()
    }
    if (this.#unrung >= BUFFERS_PER_RING) this.ring()
    return this.isClosed
  }

  #drainPriority(): void {
    while (
      this.#pendingPriority.length > 0 &&
      this.#queue.pushPriority(this.#pendingPriority[0]!)
    ) {
      this.#pendingPriority.shift()
    }
  }

  /** Wakes the consumer for what was put into its queue since the last ring. */
  ring(): void {
    if (this.#unrung === 0) return
    this.#unrung = 0
    this.#queue.ringConsumer()
  }

  /** The consumer fails with this, before it reads what is queued. */
  fail(kind: QueueErrorKindValue, text: string): void {
    // All of it has come: what happens to the connection now does not matter.
    if (this.isClosed || this.#hasEnd) return
    const { memory } = this.#queue
    memory.fail(kind, text)
    this.#context.doorbells.ring(Atomics.load(memory.ints, CONSUMER_BELL))
    this.close()
  }

  /**
   * Gives back what is held; what is in the queue is the consumer's. The target of a Buffer that is
   * arriving right now stays until its end, or until its connection has closed and `releaseTarget` is
   * called: a socket may be writing into it.
   */
  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    for (const segment of this.#held.splice(0)) this.#context.pool.recycle(segment)
    for (const { segment } of this.#pending.splice(0)) {
      if (segment !== NO_SEGMENT) this.#context.pool.recycle(segment)
    }
  }

  /** Gives back the target of a Buffer whose rest will not come. */
  releaseTarget(): void {
    const segment = this.#target?.segment ?? NO_SEGMENT
    if (segment !== NO_SEGMENT) this.#context.pool.recycle(segment)
    this.#target = undefined
  }
}
