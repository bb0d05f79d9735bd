/** 1 % of keys that are not there seem to be. */
const BITS_PER_KEY = 10
const PROBES = 6

/** Which keys a table may have, by their hashes. */
export function createBloomFilter(hashes: Int32Array): Buffer {
  const bytes = Buffer.alloc(Math.max(8, Math.ceil((hashes.length * BITS_PER_KEY) / 8)))
  const bits = bytes.length * 8
  for (const hash of hashes) {
    const step = stepOf(hash)
    let probe = hash
    for (let i = 0; i < PROBES; i++) {
      const bit = (probe >>> 0) % bits
      bytes[bit >>> 3]! |= 1 << (bit & 7)
      probe = (probe + step) | 0
    }
  }
  return bytes
}

/** @returns false: the table has no such key */
export function mayContain(filter: Uint8Array, hash: number): boolean {
  const bits = filter.length * 8
  const step = stepOf(hash)
  let probe = hash
  for (let i = 0; i < PROBES; i++) {
    const bit = (probe >>> 0) % bits
    if ((filter[bit >>> 3]! & (1 << (bit & 7))) === 0) return false
    probe = (probe + step) | 0
  }
  return true
}

function stepOf(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return (mixed ^ (mixed >>> 12)) | 1
}
