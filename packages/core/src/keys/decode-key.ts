import { MalformedDataError } from '../serialization/malformed-data-error.js'
import { KeyTag, MAX_KEY_DEPTH } from './key-format.js'

/**
 * The key that these canonical bytes stand for; the inverse of {@link encodeKey}.
 *
 * @throws MalformedDataError (`FLINK_MALFORMED_DATA`) when they are not exactly one key
 */
export function decodeKey(bytes: Uint8Array): unknown {
  const reader = new KeyReader(bytes)
  const key = reader.readKey(0)
  reader.expectEnd()
  return key
}

class KeyReader {
  readonly #bytes: Uint8Array
  readonly #data: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  expectEnd(): void {
    if (this.#at !== this.#bytes.length) throw this.#malformed('bytes follow the key')
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
        return this.#take(this.#varint()).slice()
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
    const magnitude = this.#take(this.#varint())
    if (magnitude.length === 0) return 0n
    const hex = Buffer.from(magnitude).toString('hex')
    return negative ? -BigInt(`0x${hex}`) : BigInt(`0x${hex}`)
  }

  #double(): number {
    const at = this.#at
    this.#take(8)
    return this.#data.getFloat64(at, true)
  }

  #text(): string {
    return decodeWtf8(this.#take(this.#varint()))
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
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw this.#malformed('it ends too early')
    return byte
  }

  #take(count: number): Uint8Array {
    const end = this.#at + count
    if (end > this.#bytes.length) throw this.#malformed('it ends too early')
    const taken = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return taken
  }

  #malformed(what: string): MalformedDataError {
    return new MalformedDataError(`Cannot read a key from bytes: ${what} at byte ${this.#at}`)
  }
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
