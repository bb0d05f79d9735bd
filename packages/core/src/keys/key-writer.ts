import assert from 'node:assert/strict'
import { fieldPath, indexPath, kindOf } from '../serialization/value-path.js'
import { KeyTag, MAX_KEY_DEPTH } from './key-format.js'
import { KeyNotSupportedError } from './key-not-supported-error.js'

/** Writes canonical key bytes into memory that grows and is used again for the next key. */
export class KeyWriter {
  bytes = new Uint8Array(256)
  data = new DataView(this.bytes.buffer)
  length = 0

  writeKey(key: unknown): void {
    this.#write(key, 0, undefined)
  }

  #write(key: unknown, depth: number, at: PathNode | undefined): void {
    switch (typeof key) {
      case 'string':
        this.#byte(KeyTag.String)
        this.writeText(key, true)
        return
      case 'number':
        this.#byte(KeyTag.Number)
        this.#double(key)
        return
      case 'boolean':
        this.#byte(key ? KeyTag.True : KeyTag.False)
        return
      case 'bigint':
        this.#bigint(key)
        return
      case 'object':
        if (key === null) break
        this.#writeObject(key, depth, at)
        return
      default:
    }
    throw new KeyNotSupportedError(pathText(at), kindOf(key))
  }

  #writeObject(key: object, depth: number, at: PathNode | undefined): void {
    if (depth > MAX_KEY_DEPTH) {
      throw new KeyNotSupportedError('key', `nested deeper than ${MAX_KEY_DEPTH}, or a cycle`)
    }
    if (key instanceof Date) {
      this.#byte(KeyTag.Date)
      this.#double(key.getTime())
    } else if (key instanceof Uint8Array) {
      this.#byte(KeyTag.Bytes)
      this.#varint(key.length)
      this.#reserve(key.length)
      this.bytes.set(key, this.length)
      this.length += key.length
    } else if (Array.isArray(key)) {
      this.#byte(KeyTag.Tuple)
      this.#varint(key.length)
      for (let i = 0; i < key.length; i++) this.#write(key[i], depth + 1, { up: at, step: i })
    } else if (isPlainObject(key)) {
      const names = Object.keys(key).sort(byCodeUnits)
      this.#byte(KeyTag.Object)
      this.#varint(names.length)
      for (const name of names) {
        this.writeText(name, true)
        this.#write((key as Record<string, unknown>)[name], depth + 1, { up: at, step: name })
      }
    } else {
      throw new KeyNotSupportedError(pathText(at), kindOf(key))
    }
  }

  /** UTF-8, a surrogate without its partner as the three bytes of its code (WTF-8). */
  writeText(text: string, withLength: boolean): void {
    if (withLength) this.#varint(textLength(text))
    this.#reserve(text.length * 3)
    const bytes = this.bytes
    let at = this.length
    for (let i = 0; i < text.length; i++) {
      let code = text.charCodeAt(i)
      if (code < 0x80) {
        bytes[at++] = code
      } else if (code < 0x800) {
        bytes[at++] = 0xc0 | (code >> 6)
        bytes[at++] = 0x80 | (code & 0x3f)
      } else {
        if (startsPair(text, i)) {
          code = 0x10000 + ((code - 0xd800) << 10) + (text.charCodeAt(++i) - 0xdc00)
          bytes[at++] = 0xf0 | (code >> 18)
          bytes[at++] = 0x80 | ((code >> 12) & 0x3f)
        } else {
          bytes[at++] = 0xe0 | (code >> 12)
        }
        bytes[at++] = 0x80 | ((code >> 6) & 0x3f)
        bytes[at++] = 0x80 | (code & 0x3f)
      }
    }
    this.length = at
  }

  #bigint(value: bigint): void {
    this.#byte(KeyTag.BigInt)
    const negative = value < 0n
    let hex = (negative ? -value : value).toString(16)
    if (hex.length % 2 === 1) hex = `0${hex}`
    const size = value === 0n ? 0 : hex.length / 2
    this.#byte(negative ? 1 : 0)
    this.#varint(size)
    this.#reserve(size)
    for (let i = 0; i < size; i++) {
      this.bytes[this.length++] = Number.parseInt(hex.substring(i * 2, i * 2 + 2), 16)
    }
  }

  #double(value: number): void {
    this.#reserve(8)
    this.data.setFloat64(this.length, canonicalDouble(value), true)
    this.length += 8
  }

  #varint(value: number): void {
    assert(value <= 0x7fffffff, 'a length within a key fits 31 bits')
    let rest = value
    while (rest > 0x7f) {
      this.#byte((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    this.#byte(rest)
  }

  #byte(value: number): void {
    this.#reserve(1)
    this.bytes[this.length++] = value
  }

  #reserve(count: number): void {
    const needed = this.length + count
    if (needed <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2))
    grown.set(this.bytes)
    this.bytes = grown
    this.data = new DataView(grown.buffer)
  }
}

/** -0 as 0, and one bit pattern for every NaN (engines may keep a NaN's payload). */
export function canonicalDouble(value: number): number {
  return value === 0 ? 0 : Number.isNaN(value) ? Number.NaN : value
}

/** Whether the code units at `i` and `i + 1` are a high and a low surrogate. */
function startsPair(text: string, i: number): boolean {
  if ((text.charCodeAt(i) & 0xfc00) !== 0xd800) return false
  // NaN beyond the end: not a low surrogate either.
  return (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00
}

function textLength(text: string): number {
  let length = text.length
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x80) continue
    if (code < 0x800) length += 1
    else if (startsPair(text, i)) {
      length += 2
      i++
    } else length += 2
  }
  return length
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

interface PathNode {
  readonly up: PathNode | undefined
  readonly step: string | number
}

function pathText(node: PathNode | undefined): string {
  if (node === undefined) return 'key'
  const up = pathText(node.up)
  return typeof node.step === 'number' ? indexPath(up, node.step) : fieldPath(up, node.step)
}
