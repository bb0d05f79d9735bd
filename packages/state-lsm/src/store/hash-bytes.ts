/**
 * 32 bits of hash of `bytes[start, start + length)`, signed; by it tables in memory and filters of files find keys. The filters are stored, so it
 * never changes.
 */
export function hashBytes(bytes: Uint8Array, start: number, length: number, seed: number): number {
  let hash = seed ^ Math.imul(length, 0x9e3779b1)
  const end = start + length
  let at = start
  for (; at + 4 <= end; at += 4) {
    const word =
      bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    hash = Math.imul(hash ^ word, 0x85ebca6b)
    hash ^= hash >>> 15
  }
  for (; at < end; at++) {
    hash = Math.imul(hash ^ bytes[at]!, 0x85ebca6b)
    hash ^= hash >>> 13
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35)
  return hash ^ (hash >>> 15)
}
