import type { CancelTimer } from '@flink-ts/core'
import { QueueErrorKind, type QueueErrorKindValue } from '../buffer/buffer-queue.js'
import type { DataLocation } from '../environment/descriptors.js'
import type { NetworkIoWorld } from '../environment/network-io.js'
import { DataProtocolError } from '../errors/network-errors.js'
import type { DataConnection, DataTransport } from '../transport/data-transport.js'
import type { ChannelReceiver } from './channel-receiver.js'
import { FrameReader } from './frame-reader.js'
import {
  type BufferHeader,
  decodeError,
  encodeAddCredit,
  encodeCancel,
  encodeClose,
  encodeHello,
  encodeNewBufferSize,
  encodePartitionRequest,
  FrameType,
} from './frames.js'
import { HELLO_TIMEOUT_MS } from './hello-timeout.js'

/** The consumer's side of a connection: all channels from one producer TaskManager. */
export class ReceivingConnection {
  readonly location: DataLocation
  readonly #world: NetworkIoWorld
  readonly #channels = new Map<number, ChannelReceiver>()
  /** Channels that were cancelled while the producer may still send for them. */
  readonly #cancelled = new Set<number>()
  readonly #onData: (channels: ReadonlySet<ChannelReceiver>) => void
  readonly #onClosed: (connection: ReceivingConnection) => void
  readonly #timer: CancelTimer
  #connection: DataConnection | undefined
  #reader: FrameReader | undefined
  #isGreeted = false
  /** Whose Buffer is arriving right now: its memory is being written. */
  #arriving: ChannelReceiver | undefined
  #onArrived: (() => void) | undefined
  /** Channels for which something has come since the last `onData`. */
  readonly #touched = new Set<ChannelReceiver>()
  #outgoing: Buffer[] = []
  #nextChannel = 0
  isClosed = false

  constructor(
    location: DataLocation,
    options: {
      world: NetworkIoWorld
      transport: DataTransport
      /** Buffers arrived for these: their consumers are to be told, credits may be granted. */
      onData: (channels: ReadonlySet<ChannelReceiver>) => void
      onClosed: (connection: ReceivingConnection) => void
    },
  ) {
    this.location = location
    this.#world = options.world
    this.#onData = options.onData
    this.#onClosed = options.onClosed
    this.#timer = options.world.clock.schedule(HELLO_TIMEOUT_MS, () =>
      this.close(new Error(`no connection within ${HELLO_TIMEOUT_MS} ms`)),
    )
    options.transport.connect({ host: location.host, port: location.dataPort }).then(
      (connection) => this.#connected(connection),
      (error: Error) => this.close(error),
    )
  }

  /** A number for a channel of this connection. */
  nextChannel(): number {
    return this.#nextChannel++
  }

  /** Asks for a channel's subpartition. */
  open(channel: ChannelReceiver, credit: number): void {
    this.#channels.set(channel.channel, channel)
    const { partitionId, subpartition } = channel.remote
    this.#outgoing.push(
      encodePartitionRequest({ channel: channel.channel, partitionId, subpartition, credit }),
    )
  }

  addCredit(channel: ChannelReceiver, credit: number): void {
    this.#outgoing.push(encodeAddCredit(channel.channel, credit))
  }

  announceBufferSize(channel: ChannelReceiver, bytes: number): void {
    this.#outgoing.push(encodeNewBufferSize(channel.channel, bytes))
  }

  has(channel: ChannelReceiver): boolean {
    return this.#channels.get(channel.channel) === channel
  }

  /** The consumer wants no more of a channel. Resolves when nothing is written into its memory any more. */
  cancel(channel: ChannelReceiver): Promise<void> {
    if (this.#channels.delete(channel.channel) && !channel.isClosed) {
      this.#cancelled.add(channel.channel)
      this.#outgoing.push(encodeCancel(channel.channel))
    }
    if (this.#arriving !== channel) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onArrived = resolve
    })
  }

  /** Sends what was put together. */
  flush(): void {
    if (!this.#isGreeted || this.#outgoing.length === 0 || this.isClosed) return
    const frames = Buffer.concat(this.#outgoing)
    this.#outgoing = []
    this.#connection!.write([frames], () => {})
  }

  /** Ends in good order: nobody needs it any more. */
  end(): void {
    this.#outgoing.push(encodeClose())
    this.flush()
    this.#connection?.end()
    this.close(new Error('the TaskManager closes its connections'))
  }

  /** Breaks the connection and fails all its channels, at once. */
  close(cause: Error): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#timer()
    this.#connection?.destroy(cause)
    for (const channel of this.#channels.values()) {
      channel.fail(QueueErrorKind.remoteTransport, `lost the connection: ${cause.message}`)
    }
    this.#channels.clear()
    this.#arriving?.releaseTarget()
    this.#endArriving()
    this.#onClosed(this)
  }

  #connected(connection: DataConnection): void {
    if (this.isClosed) {
      connection.destroy()
      return
    }
    this.#connection = connection
    const { segmentBytes } = this.#world.context.pool
    this.#reader = new FrameReader(
      {
        onHello: (hello) => this.#onHello(hello),
        onControl: (type, body) => this.#onControl(type, body),
        onBufferStart: (header) => this.#onBufferStart(header),
        onBufferEnd: (header) => this.#onBufferEnd(header),
      },
      { maxBufferBytes: segmentBytes },
    )
    connection.start({
      onData: (chunk) => this.#received(() => this.#reader!.read(chunk)),
      readTarget: () => this.#reader!.readTarget(),
      onRead: (length) => this.#received(() => this.#reader!.onRead(length)),
      onBurstEnd: () => this.#afterBurst(),
      onClose: (cause) => this.#ended(cause ?? new Error('the peer closed it')),
    })
    const hello = encodeHello({ segmentBytes, resourceId: this.#world.resourceId })
    connection.write([hello], () => {})
  }

  #received(read: () => void): void {
    if (this.isClosed) return
    try {
      read()
    } catch (error) {
      this.#refuse(error as Error)
      return
    }
    if (this.#connection?.announcesBurstEnds !== true) this.#afterBurst()
  }

  #afterBurst(): void {
    if (this.isClosed) return
    this.#onData(this.#touched)
    this.#touched.clear()
  }

  #onHello(hello: { segmentBytes: number; resourceId: string }): void {
    const { segmentBytes } = this.#world.context.pool
    if (hello.resourceId !== this.location.resourceId) {
      throw new DataProtocolError(
        `${hello.resourceId} answers there, not ${this.location.resourceId}: a TaskManager took the port over`,
      )
    }
    if (hello.segmentBytes > segmentBytes) {
      throw new DataProtocolError(
        `the peer's buffers have ${hello.segmentBytes} bytes, ours ${segmentBytes}; ` +
          'taskmanager.memory.segment-size must be the same everywhere',
      )
    }
    this.#isGreeted = true
    this.#timer()
    this.flush()
  }

  #onControl(type: number, body: Buffer): void {
    if (type !== FrameType.error) {
      throw new DataProtocolError(`a producer sent a frame of type ${type}`)
    }
    const { channel: index, kind, text } = decodeError(body)
    const channel = this.#channels.get(index)
    this.#channels.delete(index)
    this.#cancelled.delete(index)
    const isKnown = kind >= 1 && kind <= 3
    channel?.fail(isKnown ? (kind as QueueErrorKindValue) : QueueErrorKind.remoteTransport, text)
  }

  #onBufferStart(header: BufferHeader): Buffer {
    const channel = this.#channels.get(header.channel)
    if (channel !== undefined) {
      const target = channel.start(header)
      this.#arriving = channel
      return target
    }
    if (!this.#cancelled.has(header.channel)) {
      throw new DataProtocolError(`a Buffer came for the unknown channel ${header.channel}`)
    }
    return Buffer.allocUnsafe(header.length)
  }

  #onBufferEnd(header: BufferHeader): void {
    const channel = this.#arriving
    if (channel === undefined) return
    channel.end(header)
    this.#endArriving()
    this.#touched.add(channel)
    if (channel.hasEnd) this.#channels.delete(header.channel)
  }

  #endArriving(): void {
    this.#arriving = undefined
    this.#onArrived?.()
    this.#onArrived = undefined
  }

  #ended(cause: Error): void {
    if (this.isClosed) return
    if (this.#reader?.isBetweenFrames === false) {
      this.#world.log.warn('Data connection ended within a frame', this.#peerFields(cause))
    }
    this.close(cause)
  }

  #refuse(cause: Error): void {
    this.#world.log.warn(
      'Closing data connection: peer broke the protocol',
      this.#peerFields(cause),
    )
    this.close(cause)
  }

  #peerFields(cause: Error) {
    const { host, dataPort, resourceId } = this.location
    return { peer: `${host}:${dataPort}`, resourceId, reason: cause.message }
  }
}
