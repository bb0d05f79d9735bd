import { DataProtocolError } from '../errors/network-errors.js'

/*
 * The LZ4 block format: sequences of u8 token (literals << 4 | match - 4), literals, u16 offset back. Lengths of 15 go on in
 * bytes of up to 255. Written here because Node has no LZ4; what zlib has in its
 * place is measured in ADR 0018.
 */

const MIN_MATCH = 4
// What the format asks for: the last match begins 12 bytes before the end, the last 5 bytes are literals.
const MATCH_FREE_TAIL = 12
const LITERAL_TAIL = 5
const HASH_BITS = 13
const MAX_OFFSET = 0xffff

const table = new Int32Array(1 << HASH_BITS)

function read32(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

/** @returns the compressed length, or 0 if it would not be shorter than `target` */
export function lz4Compress(source: Uint8Array, target: Uint8Array): number {
  table.fill(-1)
  const end = source.length
  const lastMatch = end - MATCH_FREE_TAIL
  const matchEnd = end - LITERAL_TAIL
  let anchor = 0
  let at = 0
  let out = 0
  let misses = 0
  while (at < lastMatch) {
    const word = read32(source, at)
    const slot = Math.imul(word, -1640531535) >>> (32 - HASH_BITS)
    const candidate = table[slot]!
    table[slot] = at
    if (candidate < 0 || at - candidate > MAX_OFFSET || read32(source, candidate) !== word) {
      // What does not compress is gone over in ever larger steps.
      at += 1 + (misses++ >> 5)
      continue
    }
    misses = 0
    let length = MIN_MATCH
    while (at + length < matchEnd && source[candidate + length] === source[at + length]) length++
    out = putSequence(source, anchor, at, target, out, length - MIN_MATCH)
    if (out < 0) return 0
    const offset = at - candidate
    target[out++] = offset & 0xff
    target[out++] = offset >> 8
    if (length - MIN_MATCH >= 15) out = putLength(target, out, length - MIN_MATCH - 15)
    at += length
    anchor = at
  }
  out = putSequence(source, anchor, end, target, out, 0)
  return out < 0 || out >= target.length ? 0 : out
}

/** Token, literals. @returns where to go on, -1 if there is no room */
function putSequence(
  source: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  out: number,
  matchCode: number,
): number {
  const literals = to - from
  // The most that this sequence can take with its offset and lengths.
  const most = literals + 8 + ((literals / 255) | 0) + ((matchCode / 255) | 0)
  if (out + most > target.length) return -1
  target[out] = (Math.min(literals, 15) << 4) | Math.min(matchCode, 15)
  let at = out + 1
  if (literals >= 15) at = putLength(target, at, literals - 15)
  for (let i = from; i < to; i++) target[at++] = source[i]!
  return at
}

function putLength(target: Uint8Array, out: number, length: number): number {
  let at = out
  let left = length
  for (; left >= 255; left -= 255) target[at++] = 255
  target[at++] = left
  return at
}

/**
 * Fills `target` from `source`.
 *
 * @throws DataProtocolError on bytes that {@link lz4Compress} does not make; never reads or writes elsewhere
 */
export function lz4Decompress(source: Uint8Array, target: Uint8Array): void {
  let at = 0
  let out = 0
  const readLength = (start: number): number => {
    let length = start
    for (;;) {
      const byte = source[at++]
      if (byte === undefined) throw corrupt()
      length += byte
      if (byte !== 255) return length
    }
  }
  while (at < source.length) {
    const token = source[at++]!
    let literals = token >> 4
    if (literals === 15) literals = readLength(literals)
    if (at + literals > source.length || out + literals > target.length) throw corrupt()
    for (let i = 0; i < literals; i++) target[out++] = source[at++]!
    if (at >= source.length) break
    const offset = source[at]! | ((source[at + 1] ?? 0) << 8)
    at += 2
    let length = token & 15
    if (length === 15) length = readLength(length)
    length += MIN_MATCH
    if (offset === 0 || offset > out || out + length > target.length) throw corrupt()
    for (let i = 0; i < length; i++) {
      target[out] = target[out - offset]!
      out++
    }
  }
  if (out !== target.length) throw corrupt()
}

function corrupt(): DataProtocolError {
  return new DataProtocolError('a compressed block is not what was written')
}
