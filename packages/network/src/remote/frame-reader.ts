import { DataProtocolError } from '../errors/network-errors.js'
import {
  BUFFER_HEADER_BYTES,
  type BufferHeader,
  decodeBufferHeader,
  decodeHello,
  FrameType,
  type Hello,
  MAX_CONTROL_BODY_BYTES,
  PREFIX_BYTES,
} from './frames.js'

/** Takes the frames of a connection. Whatever it throws ends the connection. */
export interface FrameHandler {
  onHello(hello: Hello): void
  /** Any frame but Hello and Buffer. The body is valid during the call. */
  onControl(type: number, body: Buffer): void
  /** A Buffer begins: where its `header.length` bytes go. */
  onBufferStart(header: BufferHeader): Buffer
  /** All its bytes are there. */
  onBufferEnd(header: BufferHeader): void
}

/**
 * Cuts a stream of bytes into frames. The bytes of a Buffer are copied once, from where they arrived
 * to where the handler wants them. Memory is bounded whatever arrives.
 */
export class FrameReader {
  readonly #handler: FrameHandler
  readonly #maxBufferBytes: number
  readonly #collected = Buffer.allocUnsafeSlow(MAX_CONTROL_BODY_BYTES)
  #collectedBytes = 0
  #isGreeted = false
  /** What is read now: a frame's prefix, a control body, a Buffer's header, or a Buffer's bytes. */
  #state: 'prefix' | 'control' | 'header' | 'payload' = 'prefix'
  #wanted = PREFIX_BYTES
  #type = 0
  #payloadBytes = 0
  #header: BufferHeader | undefined
  #target: Buffer | undefined
  #filled = 0

  constructor(handler: FrameHandler, options: { maxBufferBytes: number }) {
    this.#handler = handler
    this.#maxBufferBytes = options.maxBufferBytes
  }

  /** @throws DataProtocolError on what no peer sends; nothing more may be read then */
  read(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#state === 'payload') {
        at = this.#readPayload(chunk, at)
        continue
      }
      const end = Math.min(chunk.length, at + this.#wanted - this.#collectedBytes)
      if (this.#collectedBytes === 0 && end - at === this.#wanted) {
        this.#unit(chunk.subarray(at, end))
      } else {
        chunk.copy(this.#collected, this.#collectedBytes, at, end)
        this.#collectedBytes += end - at
        if (this.#collectedBytes === this.#wanted) {
          this.#collectedBytes = 0
          this.#unit(this.#collected.subarray(0, this.#wanted))
        }
      }
      at = end
    }
  }

  /** The handler wants no more of the Buffer that is arriving for `channel`, if one is. */
  discard(channel: number): void {
    if (this.#header?.channel === channel) this.#target = Buffer.allocUnsafe(this.#header.length)
  }

  /** Whether the stream may end here. */
  get isBetweenFrames(): boolean {
    return this.#state === 'prefix' && this.#collectedBytes === 0
  }

  #readPayload(chunk: Buffer, at: number): number {
    const header = this.#header!
    const end = Math.min(chunk.length, at + header.length - this.#filled)
    chunk.copy(this.#target!, this.#filled, at, end)
    this.#filled += end - at
    if (this.#filled === header.length) this.#endBuffer(header)
    return end
  }

  #unit(bytes: Buffer): void {
    switch (this.#state) {
      case 'prefix':
        this.#prefix(bytes.readUInt32LE(0) - 1, bytes[4]!)
        return
      case 'header':
        this.#startBuffer(decodeBufferHeader(bytes, this.#payloadBytes))
        return
      case 'control':
        this.#next('prefix', PREFIX_BYTES)
        this.#control(bytes)
        return
      case 'payload':
        throw new Error('payload is read apart')
    }
  }

  #prefix(bodyBytes: number, type: number): void {
    if (!this.#isGreeted && type !== FrameType.hello) {
      throw new DataProtocolError('the peer does not speak the data protocol of flink-ts')
    }
    this.#type = type
    if (type === FrameType.buffer) {
      this.#payloadBytes = bodyBytes - BUFFER_HEADER_BYTES
      if (this.#payloadBytes < 1 || this.#payloadBytes > this.#maxBufferBytes) {
        throw new DataProtocolError(
          `a Buffer has ${this.#payloadBytes} bytes, not 1 to ${this.#maxBufferBytes}`,
        )
      }
      this.#next('header', BUFFER_HEADER_BYTES)
      return
    }
    if (bodyBytes < 0 || bodyBytes > MAX_CONTROL_BODY_BYTES) {
      throw new DataProtocolError(`a frame of type ${type} claims ${bodyBytes} bytes`)
    }
    if (bodyBytes === 0) this.#control(this.#collected.subarray(0, 0))
    else this.#next('control', bodyBytes)
  }

  #control(body: Buffer): void {
    if (this.#type !== FrameType.hello) {
      this.#handler.onControl(this.#type, body)
      return
    }
    if (this.#isGreeted) throw new DataProtocolError('the peer said Hello twice')
    const hello = decodeHello(body)
    this.#isGreeted = true
    this.#handler.onHello(hello)
  }

  #startBuffer(header: BufferHeader): void {
    this.#header = header
    this.#target = this.#handler.onBufferStart(header)
    this.#filled = 0
    this.#state = 'payload'
  }

  #endBuffer(header: BufferHeader): void {
    this.#header = undefined
    this.#target = undefined
    this.#next('prefix', PREFIX_BYTES)
    this.#handler.onBufferEnd(header)
  }

  #next(state: 'prefix' | 'control' | 'header', wanted: number): void {
    this.#state = state
    this.#wanted = wanted
  }
}
