import type { CancelTimer, Logger } from '@flink-ts/core'
import { QueueErrorKind, type QueueErrorKindValue } from '../buffer/buffer-queue.js'
import type { NetworkIoWorld } from '../environment/network-io.js'
import { DataProtocolError } from '../errors/network-errors.js'
import type { DataConnection } from '../transport/data-transport.js'
import { FrameReader } from './frame-reader.js'
import {
  decodeAddCredit,
  decodeCancel,
  decodeNewBufferSize,
  decodePartitionRequest,
  encodeError,
  encodeHello,
  FrameType,
  type PartitionRequest,
} from './frames.js'
import { HELLO_TIMEOUT_MS } from './hello-timeout.js'
import { type ServedPartitions, subpartitionSource } from './served-partitions.js'
import { type SendBatch, SubpartitionSender } from './subpartition-sender.js'

// Enough that the socket never runs dry between two turns, little enough that a channel that gets
// credit now does not wait behind much.
const MAX_BUFFERED_BYTES = 512 * 1024
const MAX_BATCH_BYTES = 256 * 1024

/** The producer's side of a connection: sends what its peer asked for. */
export class ServingConnection {
  readonly #connection: DataConnection
  readonly #world: NetworkIoWorld
  readonly #partitions: ServedPartitions
  readonly #log: Logger
  readonly #onClosed: (connection: ServingConnection) => void
  readonly #reader: FrameReader
  readonly #senders = new Map<number, SubpartitionSender>()
  readonly #requests = new Map<number, CancelTimer>()
  /** The consumer counts its channels: what is above this was never asked for. */
  #highestChannel = -1
  /** Announced before the partition was there. */
  readonly #bufferSizes = new Map<number, number>()
  readonly #inFlight: SendBatch[] = []
  #turn: SubpartitionSender[] = []
  readonly #helloTimer: CancelTimer
  #isClosed = false
  /** It was this side that closed it. */
  #isDestroyed = false
  resourceId: string | undefined

  constructor(
    connection: DataConnection,
    options: {
      world: NetworkIoWorld
      partitions: ServedPartitions
      onClosed: (connection: ServingConnection) => void
    },
  ) {
    this.#connection = connection
    this.#world = options.world
    this.#partitions = options.partitions
    this.#onClosed = options.onClosed
    this.#log = options.world.log
    const { segmentBytes } = options.world.context.pool
    this.#reader = new FrameReader(
      {
        onHello: ({ resourceId }) => {
          this.resourceId = resourceId
          this.#helloTimer()
        },
        onControl: (type, body) => this.#onControl(type, body),
        onBufferStart: () => {
          throw new DataProtocolError('a consumer sends no Buffers')
        },
        onBufferEnd: () => {},
      },
      { maxBufferBytes: segmentBytes },
    )
    this.#helloTimer = options.world.clock.schedule(HELLO_TIMEOUT_MS, () =>
      this.#refuse(new DataProtocolError(`no Hello within ${HELLO_TIMEOUT_MS} ms`)),
    )
    connection.start({
      onData: (chunk) => this.#onData(chunk),
      onClose: (cause) => this.#ended(cause),
    })
    this.#write([encodeHello({ segmentBytes, resourceId: options.world.resourceId })])
  }

  /** Sends as much as credit and the connection allow, a buffer of each channel in turn. */
  pump(): void {
    while (!this.#isClosed && this.#connection.bufferedBytes < MAX_BUFFERED_BYTES) {
      const batch: SendBatch = { chunks: [], bytes: 0, parts: [] }
      this.#fill(batch)
      if (batch.chunks.length === 0) {
        this.#afterInFlight(batch)
        return
      }
      this.#inFlight.push(batch)
      this.#connection.write(batch.chunks, this.#onSent)
      if (batch.bytes < MAX_BATCH_BYTES) return
    }
  }

  destroy(cause: Error): void {
    this.#isDestroyed = true
    this.#connection.destroy(cause)
  }

  #fill(batch: SendBatch): void {
    let isProgressing = true
    while (isProgressing && batch.bytes < MAX_BATCH_BYTES) {
      isProgressing = false
      for (const sender of this.#turn) {
        if (sender.isClosed) continue
        if (sender.queue.memory.errorKind() !== QueueErrorKind.none) {
          this.#fail(sender, batch)
          continue
        }
        const outcome = sender.fill(batch)
        // A file shows only when it is read that it cannot be.
        if (outcome === 'idle' && sender.queue.memory.errorKind() !== QueueErrorKind.none) {
          this.#fail(sender, batch)
        }
        if (outcome === 'ended') this.#remove(sender)
        if (outcome === 'sent') isProgressing = true
        if (batch.bytes >= MAX_BATCH_BYTES) {
          // Whoever comes after this one is first next time.
          const at = this.#turn.indexOf(sender) + 1
          this.#turn = [...this.#turn.slice(at), ...this.#turn.slice(0, at)]
          return
        }
      }
    }
  }

  readonly #onSent = (): void => {
    const batch = this.#inFlight.shift()
    if (batch === undefined) return
    this.#sent(batch)
    this.pump()
  }

  #sent(batch: SendBatch): void {
    for (const { sender, isSlotDone } of batch.parts) sender.onSent(isSlotDone)
    for (const { sender } of batch.parts) sender.ringProducer()
  }

  /** Slots that were finished without new bytes are given back after the bytes before them. */
  #afterInFlight(batch: SendBatch): void {
    const last = this.#inFlight.at(-1)
    if (last !== undefined) last.parts.push(...batch.parts)
    else this.#sent(batch)
  }

  #onData(chunk: Buffer): void {
    try {
      this.#reader.read(chunk)
    } catch (error) {
      this.#refuse(error as Error)
      return
    }
    this.pump()
  }

  #onControl(type: number, body: Buffer): void {
    switch (type) {
      case FrameType.partitionRequest:
        this.#request(decodePartitionRequest(body))
        return
      case FrameType.addCredit: {
        const { channel, credit } = decodeAddCredit(body)
        this.#checkAskedFor(channel)
        // The channel may have ended while the frame was on its way.
        this.#senders.get(channel)?.addCredit(credit)
        return
      }
      case FrameType.newBufferSize: {
        const { channel, bytes } = decodeNewBufferSize(body)
        this.#checkAskedFor(channel)
        if (this.#requests.has(channel)) this.#bufferSizes.set(channel, bytes)
        this.#senders.get(channel)?.queue.announceBufferSize(bytes)
        return
      }
      case FrameType.cancel: {
        const channel = decodeCancel(body)
        this.#checkAskedFor(channel)
        this.#requests.get(channel)?.()
        this.#requests.delete(channel)
        this.#bufferSizes.delete(channel)
        const sender = this.#senders.get(channel)
        if (sender !== undefined) this.#remove(sender)
        // The consumer may forget the channel: nothing for it comes after this.
        this.#sendError(channel, QueueErrorKind.partitionReleased, 'cancelled by its consumer')
        return
      }
      case FrameType.close:
        this.#connection.end()
        return
      default:
        throw new DataProtocolError(`a consumer sent a frame of type ${type}`)
    }
  }

  /** @throws DataProtocolError for a channel that was never there */
  #checkAskedFor(channel: number): void {
    if (channel > this.#highestChannel) {
      throw new DataProtocolError(`a frame came for the unknown channel ${channel}`)
    }
  }

  #request(request: PartitionRequest): void {
    const { channel, partitionId } = request
    if (this.#senders.has(channel) || this.#requests.has(channel)) {
      throw new DataProtocolError(`channel ${channel} was requested twice`)
    }
    this.#highestChannel = Math.max(this.#highestChannel, channel)
    this.#requests.set(channel, () => {})
    const cancel = this.#partitions.find(partitionId, (partition) => {
      this.#requests.delete(channel)
      if (partition === undefined) {
        const text = `its TaskManager has no such partition after ${this.#world.partitionRequestTimeoutMs} ms`
        this.#sendError(channel, QueueErrorKind.partitionNotFound, text)
        return
      }
      this.#open(request, subpartitionSource(partition, request.subpartition, this.#world))
    })
    if (this.#requests.has(channel)) this.#requests.set(channel, cancel)
  }

  #open(request: PartitionRequest, queue: ReturnType<typeof subpartitionSource>): void {
    const { channel, partitionId, credit } = request
    const bufferBytes = this.#bufferSizes.get(channel)
    this.#bufferSizes.delete(channel)
    if (typeof queue === 'string') {
      this.#sendError(channel, QueueErrorKind.partitionNotFound, queue)
      return
    }
    const sender: SubpartitionSender = new SubpartitionSender({
      channel,
      partitionId,
      credit,
      queue,
      onIdle: () => this.#partitions.removeSender(sender),
    })
    if (bufferBytes !== undefined) queue.announceBufferSize(bufferBytes)
    this.#senders.set(channel, sender)
    this.#turn.push(sender)
    this.#partitions.addSender(sender)
    this.pump()
  }

  #fail(sender: SubpartitionSender, batch: SendBatch): void {
    const { memory } = sender.queue
    batch.chunks.push(encodeError(sender.channel, memory.errorKind(), memory.errorText()))
    this.#remove(sender)
  }

  #remove(sender: SubpartitionSender): void {
    this.#senders.delete(sender.channel)
    this.#turn = this.#turn.filter((other) => other !== sender)
    sender.close()
  }

  #sendError(channel: number, kind: QueueErrorKindValue, text: string): void {
    this.#write([encodeError(channel, kind, text)])
  }

  #write(chunks: Uint8Array[]): void {
    if (this.#isClosed) return
    this.#inFlight.push({ chunks, bytes: 0, parts: [] })
    this.#connection.write(chunks, this.#onSent)
  }

  #refuse(cause: Error): void {
    if (this.#isClosed || this.#isDestroyed) return
    this.#warn('Closing data connection: peer broke the protocol', cause.message)
    this.destroy(cause)
  }

  #warn(message: string, reason: string): void {
    this.#log.warn(message, { peer: this.#connection.peer, resourceId: this.resourceId, reason })
  }

  #ended(cause: Error | undefined): void {
    if (!this.#isDestroyed && !this.#reader.isBetweenFrames) {
      this.#warn('Data connection ended within a frame', cause?.message ?? 'the peer closed it')
    }
    this.#closed()
  }

  #closed(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#helloTimer()
    for (const cancel of this.#requests.values()) cancel()
    this.#requests.clear()
    this.#bufferSizes.clear()
    // The transport reads no memory any more once it is closed.
    for (const batch of this.#inFlight.splice(0)) this.#sent(batch)
    for (const sender of [...this.#senders.values()]) this.#remove(sender)
    this.#onClosed(this)
  }
}
