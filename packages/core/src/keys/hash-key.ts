import { KeyTag } from './key-format.js'
import { canonicalDouble, KeyWriter } from './key-writer.js'

const writer = new KeyWriter()
const scratch = new DataView(new ArrayBuffer(8))

/**
 * The 32-bit hash of a key, signed: MurmurHash3 (x86, 32 bit) with the key's tag as seed, over the
 * body of its canonical bytes ({@link encodeKey}); for strings and bytes without the length in
 * front. Equal keys have equal hashes, on every machine and in every Node version: which subtask
 * and which part of a savepoint a key belongs to follows from it, so it never changes.
 *
 * Allocates nothing for numbers, booleans and strings.
 *
 * @throws KeyNotSupportedError (`FLINK_KEY_NOT_SUPPORTED`) naming the path of the part at fault
 */
export function hashKey(key: unknown): number {
  switch (typeof key) {
    case 'string':
      return hashText(key)
    case 'number':
      return hashDouble(key, KeyTag.Number)
    case 'boolean':
      return finish(key ? KeyTag.True : KeyTag.False, 0)
    default:
      return hashOther(key)
  }
}

function hashText(text: string): number {
  const length = text.length
  let hash: number = KeyTag.String
  let i = 0
  for (; i + 4 <= length; i += 4) {
    const a = text.charCodeAt(i)
    const b = text.charCodeAt(i + 1)
    const c = text.charCodeAt(i + 2)
    const d = text.charCodeAt(i + 3)
    if ((a | b | c | d) > 0x7f) return hashWideText(text)
    hash = mixBlock(hash, a | (b << 8) | (c << 16) | (d << 24))
  }
  let tail = 0
  for (let shift = 0; i < length; i++, shift += 8) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return hashWideText(text)
    tail |= code << shift
  }
  if ((length & 3) !== 0) hash ^= scramble(tail)
  return finish(hash, length)
}

function hashWideText(text: string): number {
  writer.length = 0
  writer.writeText(text, false)
  return murmur3(writer.bytes, 0, writer.length, KeyTag.String)
}

function hashDouble(value: number, tag: number): number {
  scratch.setFloat64(0, canonicalDouble(value), true)
  const low = mixBlock(tag, scratch.getInt32(0, true))
  return finish(mixBlock(low, scratch.getInt32(4, true)), 8)
}

function hashOther(key: unknown): number {
  if (key instanceof Uint8Array) return murmur3(key, 0, key.length, KeyTag.Bytes)
  writer.length = 0
  writer.writeKey(key)
  return murmur3(writer.bytes, 1, writer.length, writer.bytes[0]!)
}

/** MurmurHash3 x86 32 bit (Austin Appleby, public domain) of `bytes[start, end)`, signed. */
export function murmur3(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let hash = seed | 0
  let i = start
  for (; i + 4 <= end; i += 4) {
    const block = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    hash = mixBlock(hash, block)
  }
  if (i < end) {
    let tail = 0
    for (let shift = 0; i < end; i++, shift += 8) tail |= bytes[i]! << shift
    hash ^= scramble(tail)
  }
  return finish(hash, end - start)
}

function scramble(block: number): number {
  const k = Math.imul(block, 0xcc9e2d51)
  return Math.imul((k << 15) | (k >>> 17), 0x1b873593)
}

function mixBlock(hash: number, block: number): number {
  const h = hash ^ scramble(block)
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0
}

function finish(hash: number, length: number): number {
  let h = hash ^ length
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
