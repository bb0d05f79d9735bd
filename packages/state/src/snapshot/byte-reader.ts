import { decodeKey, InputBuffer, type InputView, type ValueDecoder } from '@flink-ts/core'
import { SnapshotCorruptError } from './snapshot-errors.js'

/** Reads what a `ByteWriter` wrote, one frame's body. */
export class ByteReader {
  readonly #view: InputView
  readonly #path: string
  readonly #offset: number

  /** @param offset of the frame in the file, for messages */
  constructor(body: Buffer, path: string, offset: number) {
    this.#view = InputBuffer.of(body)
    this.#path = path
    this.#offset = offset
  }

  get remaining(): number {
    return this.#view.limit - this.#view.position
  }

  u32(): number {
    return this.#view.data.getUint32(this.#take(4), true)
  }

  u64(): number {
    return Number(this.#view.data.getBigUint64(this.#take(8), true))
  }

  f64(): number {
    return this.#view.data.getFloat64(this.#take(8), true)
  }

  varint(): number {
    const view = this.#view
    const first = view.bytes[view.position]
    if (first !== undefined && first < 0x80 && view.position < view.limit) {
      view.position++
      return first
    }
    let value = 0
    for (let factor = 1; factor < 2 ** 53; factor *= 0x80) {
      const byte = this.#view.bytes[this.#take(1)]!
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
    throw this.corrupt('a number is too large')
  }

  /** A count of things that take a byte at least. */
  count(): number {
    const count = this.varint()
    if (count > this.remaining) throw this.corrupt(`${count} things are said to follow`)
    return count
  }

  /** Not a copy. */
  raw(length: number): Buffer {
    const start = this.#take(length)
    return this.#view.bytes.subarray(start, start + length)
  }

  /** The canonical bytes of a key, with their length in front. */
  key(): unknown {
    const length = this.varint()
    const start = this.#take(length)
    try {
      return decodeKey(this.#view.bytes, start, start + length)
    } catch (cause) {
      throw this.corrupt('a key cannot be decoded', cause)
    }
  }

  value(decoder: ValueDecoder): unknown {
    try {
      const value = decoder.decode(this.#view)
      if (this.#view.position <= this.#view.limit) return value
    } catch (cause) {
      throw this.corrupt('a value cannot be decoded', cause)
    }
    throw this.corrupt('a value passes the end of its block')
  }

  expectEnd(): void {
    if (this.remaining !== 0) throw this.corrupt(`${this.remaining} bytes are left over`)
  }

  /** What to throw when the contents make no sense. */
  corrupt(found: string, cause?: unknown): SnapshotCorruptError {
    const position = this.#offset + this.#view.position
    return new SnapshotCorruptError({ path: this.#path, position, found, cause })
  }

  #take(count: number): number {
    const start = this.#view.position
    if (start + count > this.#view.limit) throw this.corrupt('its contents end too early')
    this.#view.position = start + count
    return start
  }
}
