import type { OutputView, ValueEncoder } from '@flink-ts/core'

/** Memory that grows as it is written; little-endian. */
export class ByteWriter implements OutputView {
  bytes: Buffer
  data: DataView
  position = 0
  limit: number

  constructor(initialBytes = 256) {
    this.bytes = Buffer.allocUnsafeSlow(initialBytes)
    this.data = new DataView(this.bytes.buffer)
    this.limit = initialBytes
  }

  u8(value: number): void {
    this.reserve(1)
    this.bytes[this.position++] = value
  }

  u16(value: number): void {
    this.reserve(2)
    this.data.setUint16(this.position, value, true)
    this.position += 2
  }

  u32(value: number): void {
    this.reserve(4)
    this.data.setUint32(this.position, value, true)
    this.position += 4
  }

  u64(value: number): void {
    this.reserve(8)
    this.data.setBigUint64(this.position, BigInt(value), true)
    this.position += 8
  }

  f64(value: number): void {
    this.reserve(8)
    this.data.setFloat64(this.position, value, true)
    this.position += 8
  }

  /** Unsigned LEB128 of a safe integer. */
  varint(value: number): void {
    this.reserve(8)
    let rest = value
    while (rest >= 0x80) {
      this.bytes[this.position++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.bytes[this.position++] = rest
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.bytes.set(bytes, this.position)
    this.position += bytes.length
  }

  /** The bytes from `start` to `end` of what has seven more behind them, at least. Short ones: by words, where a call would cost more. */
  words(from: DataView, start: number, end: number): void {
    this.reserve(end - start + 8)
    const { data } = this
    let at = this.position
    for (let i = start; i < end; i += 8, at += 8)
      data.setFloat64(at, from.getFloat64(i, true), true)
    this.position += end - start
  }

  /** @throws what the encoder throws; nothing is written then */
  value(encoder: ValueEncoder, value: unknown): void {
    while (!encoder.tryEncode(value, this)) this.#grow(this.limit * 2)
  }

  /** What was written, copied; the memory is empty afterwards. */
  take(): Buffer {
    const taken = Buffer.allocUnsafeSlow(this.position)
    this.bytes.copy(taken, 0, 0, this.position)
    this.position = 0
    return taken
  }

  /** What was written; the same memory. */
  written(): Buffer {
    return this.bytes.subarray(0, this.position)
  }

  /** Makes room for so many bytes, for whoever writes them itself. */
  reserve(count: number): void {
    if (this.position + count > this.limit) {
      this.#grow(Math.max(this.limit * 2, this.position + count))
    }
  }

  #grow(size: number): void {
    const grown = Buffer.allocUnsafeSlow(size)
    this.bytes.copy(grown, 0, 0, this.position)
    this.bytes = grown
    this.data = new DataView(grown.buffer)
    this.limit = size
  }
}
