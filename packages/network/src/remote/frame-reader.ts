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
  /**
   * A Buffer begins: where its `header.length` bytes go. Memory beyond them, if there is some, may be
   * written until the Buffer's end.
   */
  onBufferStart(header: BufferHeader): Buffer
  /** All its bytes are there. */
  onBufferEnd(header: BufferHeader): void
}

// A Buffer shorter than this is cheaper copied than read apart.
const DIRECT_READ_LEAST_BYTES = 4096
const NEXT_HEADER_BYTES = PREFIX_BYTES + BUFFER_HEADER_BYTES

/**
 * Cuts a stream of bytes into frames. The bytes of a Buffer are copied once, from where they arrived
 * to where the handler wants them, or not at all if the connection reads to where {@link readTarget}
 * says. Memory is bounded whatever arrives.
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
  /** Whether the last Buffer was worth a read of its own. */
  #isLarge = false
  readonly #ahead = Buffer.allocUnsafeSlow(NEXT_HEADER_BYTES)

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

  /**
   * Where the next bytes go without a copy: the rest of the Buffer that is arriving and, behind it, as
   * much as the next header takes. Undefined: to `read`.
   */
  readTarget(): Buffer | undefined {
    if (this.#state !== 'payload') {
      // After a large Buffer comes a large one: to read only its header leaves its bytes uncopied.
      return this.#isLarge && this.#collectedBytes === 0 && this.#state === 'prefix'
        ? this.#ahead
        : undefined
    }
    const { length } = this.#header!
    if (length < DIRECT_READ_LEAST_BYTES) return undefined
    const target = this.#target!
    return target.subarray(this.#filled, Math.min(target.length, length + NEXT_HEADER_BYTES))
  }

  /** `length` bytes have been put into what `readTarget` answered. @throws DataProtocolError */
  onRead(length: number): void {
    const header = this.#header
    if (header === undefined) {
      // Unless it shows that it does.
      this.#isLarge = false
      this.read(this.#ahead.subarray(0, length))
      return
    }
    const end = this.#filled + length
    if (end < header.length) {
      this.#filled = end
      return
    }
    // Copied first: with its end the memory is somebody else's.
    const ahead = this.#target!.copy(this.#ahead, 0, header.length, end)
    this.#filled = header.length
    this.#endBuffer(header)
    if (ahead > 0) this.read(this.#ahead.subarray(0, ahead))
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
    this.#isLarge = header.length >= DIRECT_READ_LEAST_BYTES
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
