import { MalformedDataError } from '../malformed-data-error.js'
import type { InputView } from '../views.js'
import { MAX_DEPTH, NumberTag, Tag } from './format.js'
import type { ObjectReader } from './object-reader.js'
import { TextReader } from './text-reader.js'

/**
 * Reads values from a view and checks every length against its end first. Public for the generated
 * code only.
 */
export class ValueReader extends TextReader {
  readonly objects: ObjectReader
  #depth = 0

  constructor(createObjectReader: (reader: ValueReader) => ObjectReader) {
    super()
    this.objects = createObjectReader(this)
  }

  setSource(source: InputView): void {
    if (this.bytes !== source.bytes) {
      this.bytes = source.bytes
      this.data = source.data
    }
    this.limit = source.limit
    this.position = source.position
    this.stringsRead = 0
    this.#depth = 0
  }

  /** Whether the encoder forgot its tables before this record; moves over the mark. */
  startsWithReset(): boolean {
    const p = this.position
    if (p >= this.limit || this.bytes[p] !== Tag.Reset) return false
    this.position = p + 1
    return true
  }

  any(): unknown {
    const tag = this.byte()
    if (tag >= Tag.Shape) {
      return this.objects.readShape(tag === Tag.FarShape ? this.varint() : tag - Tag.Shape)
    }
    if (tag >= Tag.SmallInt) return tag < Tag.SmallInt + 64 ? tag - Tag.SmallInt : this.bad('tag')
    switch (tag) {
      case Tag.String:
        return this.text()
      case Tag.Number:
        return this.number()
      case Tag.Null:
        return null
      case Tag.Undefined:
        return undefined
      case Tag.True:
        return true
      case Tag.False:
        return false
      case Tag.BigInt:
        return this.#bigint()
      case Tag.NegativeBigInt:
        return -this.#bigint()
      default:
        return this.objects.read(tag)
    }
  }

  /** Around everything that reads values within values. */
  enter(): void {
    if (++this.#depth > MAX_DEPTH) this.bad('depth')
  }

  leave(): void {
    this.#depth--
  }

  number(): number {
    const tag = this.byte()
    if (tag < NumberTag.Int16) return (tag >>> 1) ^ -(tag & 1)
    const p = this.position
    if (tag === NumberTag.Int16) {
      const zigzag = this.data.getUint16(this.take(2), true)
      return (zigzag >>> 1) ^ -(zigzag & 1)
    }
    if (tag === NumberTag.Int32) {
      const zigzag = this.data.getUint32(this.take(4), true)
      return (zigzag >>> 1) ^ -(zigzag & 1)
    }
    if (tag === NumberTag.Double) return this.data.getFloat64(this.take(8), true)
    this.position = p
    return this.bad('number')
  }

  boolean(): boolean {
    const byte = this.byte()
    return byte === 1 || (byte === 0 ? false : this.bad('boolean'))
  }

  double(): number {
    return this.data.getFloat64(this.take(8), true)
  }

  /** An integer of 64 bits. */
  long(): bigint {
    return this.data.getBigInt64(this.take(8), true)
  }

  /** A copy. */
  octets(): Uint8Array {
    const isBuffer = this.boolean()
    const size = this.count(1)
    const at = this.take(size)
    const copy = new Uint8Array(size)
    copy.set(this.bytes.subarray(at, at + size))
    return isBuffer ? Buffer.from(copy.buffer) : copy
  }

  /** A number below `bound`. */
  index(bound: number): number {
    const index = this.varint()
    return index < bound ? index : this.bad('index')
  }

  /** A count of things that take at least `bytesEach` bytes, so that no absurd one is believed. */
  count(bytesEach: number): number {
    const count = this.varint()
    if (count * bytesEach > this.limit - this.position) this.bad('count')
    return count
  }

  #bigint(): bigint {
    const size = this.count(1)
    const at = this.take(size)
    if (size === 0) return 0n
    try {
      return BigInt(`0x${this.bytes.toString('hex', at, at + size)}`)
    } catch (cause) {
      throw new MalformedDataError('Cannot read a bigint: it is larger than this engine’s limit', {
        cause,
      })
    }
  }
}
