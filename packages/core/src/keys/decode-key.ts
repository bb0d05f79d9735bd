import { MalformedDataError } from '../serialization/malformed-data-error.js'
import { KeyTag, MAX_KEY_DEPTH } from './key-format.js'

/**
 * The key that the canonical bytes from `start` to before `end` stand for; the inverse of {@link encodeKey}.
 *
 * @throws MalformedDataError (`FLINK_MALFORMED_DATA`) when they are not exactly one key
 */
export function decodeKey(bytes: Uint8Array, start = 0, end = bytes.length): unknown {
  reader.wrap(bytes, start, end)
  const key = reader.readKey(0)
  reader.expectEnd()
  return key
}

class KeyReader {
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  #end = 0

  wrap(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#at = start
    this.#end = end
  }

  expectEnd(): void {
    if (this.#at !== this.#end) throw this.#malformed('bytes follow the key')
  }

  readKey(depth: number): unknown {
    if (depth > MAX_KEY_DEPTH + 1) throw this.#malformed('nested too deeply')
    switch (this.#byte()) {
      case KeyTag.False:
        return false
      case KeyTag.True:
        return true
      case KeyTag.Number:
        return this.#double()
      case KeyTag.BigInt:
        return this.#bigint()
      case KeyTag.String:
        return this.#text()
      case KeyTag.Date:
        return new Date(this.#double())
      case KeyTag.Bytes:
        return this.#bytesOf(this.#varint())
      case KeyTag.Tuple:
        return this.#tuple(depth)
      case KeyTag.Object:
        return this.#object(depth)
      default:
        throw this.#malformed('unknown tag')
    }
  }

  #tuple(depth: number): unknown[] {
    const key: unknown[] = []
    for (let left = this.#varint(); left > 0; left--) key.push(this.readKey(depth + 1))
    return key
  }

  #object(depth: number): Record<string, unknown> {
    const key: Record<string, unknown> = {}
    for (let left = this.#varint(); left > 0; left--) {
      const name = this.#text()
      const value = this.readKey(depth + 1)
      // Plain assignment to `__proto__` would change the prototype instead.
      Object.defineProperty(key, name, {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      })
    }
    return key
  }

  #bigint(): bigint {
    const negative = this.#byte() === 1
    const length = this.#varint()
    const at = this.#take(length)
    if (length === 0) return 0n
    const hex = this.#bytes.toString('hex', at, at + length)
    return negative ? -BigInt(`0x${hex}`) : BigInt(`0x${hex}`)
  }

  #double(): number {
    return this.#bytes.readDoubleLE(this.#take(8))
  }

  /** A Uint8Array of its own, also where a Buffer was the key. */
  #bytesOf(length: number): Uint8Array {
    const at = this.#take(length)
    return new Uint8Array(this.#bytes.subarray(at, at + length))
  }

  #text(): string {
    const length = this.#varint()
    const at = this.#take(length)
    return textOf(this.#bytes, at, at + length)
  }

  #varint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw this.#malformed('length too large')
  }

  #byte(): number {
    if (this.#at >= this.#end) throw this.#malformed('it ends too early')
    return this.#bytes[this.#at++]!
  }

  /** @returns where they begin */
  #take(count: number): number {
    const at = this.#at
    if (count > this.#end - at) throw this.#malformed('it ends too early')
    this.#at = at + count
    return at
  }

  #malformed(what: string): MalformedDataError {
    return new MalformedDataError(`Cannot read a key from bytes: ${what} at byte ${this.#at}`)
  }
}

/** Reading is synchronous and calls nothing that could come back here. */
const reader = new KeyReader()

/** From here on a text may have halves of surrogate pairs (`ed a0` to `ed bf`), which no decoder of UTF-8 takes. */
const FIRST_OF_SURROGATES = 0xed

function textOf(bytes: Buffer, start: number, end: number): string {
  let highest = 0
  for (let i = start; i < end; i++) highest |= bytes[i]!
  // A string that is put together by characters would have to be flattened when it is first looked up.
  if (highest < 0x80) return bytes.toString('latin1', start, end)
  for (let i = start; i < end; i++) {
    if (bytes[i]! >= FIRST_OF_SURROGATES) return decodeWtf8(bytes.subarray(start, end))
  }
  const text = bytes.toString('utf8', start, end)
  if (text.includes('\ufffd')) {
    throw new MalformedDataError('Cannot read a key from bytes: not UTF-8')
  }
  return text
}

function decodeWtf8(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; ) {
    const first = bytes[i++]!
    if (first < 0x80) {
      text += String.fromCharCode(first)
      continue
    }
    const more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1
    let code = first & (0x3f >> more)
    for (let k = 0; k < more; k++) code = (code << 6) | ((bytes[i++] ?? 0) & 0x3f)
    if (code > 0x10ffff) throw new MalformedDataError('Cannot read a key from bytes: not UTF-8')
    text += String.fromCodePoint(code)
  }
  return text
}
