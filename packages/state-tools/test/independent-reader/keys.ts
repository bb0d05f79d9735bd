import { Bytes } from './bytes.js'

/** A key from its canonical bytes. */
export function readKey(bytes: Bytes): unknown {
  const tag = bytes.u8()
  switch (tag) {
    case 1:
      return false
    case 2:
      return true
    case 3:
      return bytes.f64()
    case 4: {
      const isNegative = bytes.u8() === 1
      const magnitude = bytes.bigEndian()
      return isNegative ? -magnitude : magnitude
    }
    case 5:
      return bytes.take(bytes.varint()).toString()
    case 6:
      return new Date(bytes.f64())
    case 7:
      return Uint8Array.from(bytes.take(bytes.varint()))
    case 8:
      return bytes.times(() => readKey(bytes))
    case 9:
      return Object.fromEntries(
        bytes.times(() => [bytes.take(bytes.varint()).toString(), readKey(bytes)]),
      )
    default:
      throw new Error(`there is no key with the tag ${tag}`)
  }
}

const rotl = (value: number, bits: number) => (value << bits) | (value >>> (32 - bits))
const times = Math.imul

/** MurmurHash3, x86, 32 bits. */
function murmur3(bytes: Uint8Array, seed: number): number {
  let h = seed
  const scrambled = (block: number) => times(rotl(times(block, 0xcc9e2d51), 15), 0x1b873593)
  const whole = bytes.length - (bytes.length % 4)
  for (let i = 0; i < whole; i += 4) {
    const block = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    h = times(rotl(h ^ scrambled(block), 13), 5) + 0xe6546b64
  }
  let rest = 0
  for (let i = bytes.length - 1; i >= whole; i--) rest = (rest << 8) | bytes[i]!
  if (whole < bytes.length) h ^= scrambled(rest)
  return finished(h ^ bytes.length)
}

function finished(mixed: number): number {
  let h = times(mixed ^ (mixed >>> 16), 0x85ebca6b)
  h = times(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** The hash of a key by its canonical bytes. */
export function hashOf(canonical: Uint8Array): number {
  const bytes = new Bytes(canonical)
  const tag = bytes.u8()
  // Strings and bytes without the length in front.
  if (tag === 5 || tag === 7) bytes.varint()
  return murmur3(canonical.subarray(bytes.at), tag)
}

/** The key group of a key by its canonical bytes. */
export function keyGroupOf(canonical: Uint8Array, maxParallelism: number): number {
  let h = times(rotl(times(hashOf(canonical), 0xcc9e2d51), 15), 0x1b873593)
  h = (times(rotl(h, 13), 5) + 0xe6546b64) ^ 4
  const signed = finished(h)
  return signed === -(2 ** 31) ? 0 : Math.abs(signed) % maxParallelism
}
