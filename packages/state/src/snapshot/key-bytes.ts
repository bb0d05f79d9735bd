/** Bytes behind the last key, so that keys may be copied eight at a time. */
const SLACK = 8

/** Canonical bytes of many keys, one after the other, each with its length in front as a varint. */
export class KeyBytes {
  bytes: Uint8Array = new Uint8Array(SLACK)
  data = new DataView(this.bytes.buffer)
  #used = 0

  /** @param areLast no others will be added */
  add(keys: readonly Uint8Array[], areLast = false): void {
    const added = keys.reduce((sum, { length }) => sum + length + lengthOfVarint(length), 0)
    const needed = this.#used + added + SLACK
    if (needed > this.bytes.length || areLast) {
      this.#resize(areLast ? needed : Math.max(needed, Math.floor(this.bytes.length * 1.5)))
    }
    for (const key of keys) {
      let rest = key.length
      for (; rest > 0x7f; rest >>>= 7) this.bytes[this.#used++] = (rest & 0x7f) | 0x80
      this.bytes[this.#used++] = rest
      this.bytes.set(key, this.#used)
      this.#used += key.length
    }
  }

  /** Where the key that begins at `position` with its length ends. */
  endAt(position: number): number {
    const first = this.bytes[position]!
    if (first < 0x80) return position + 1 + first
    let length = first & 0x7f
    let at = position + 1
    for (let shift = 7; ; shift += 7) {
      const byte = this.bytes[at++]!
      length |= (byte & 0x7f) << shift
      if (byte < 0x80) return at + length
    }
  }

  #resize(size: number): void {
    // Not of the pool, which a few of these would keep alive as a whole.
    const bytes = new Uint8Array(new ArrayBuffer(size))
    bytes.set(this.bytes.subarray(0, this.#used))
    this.bytes = bytes
    this.data = new DataView(bytes.buffer)
  }
}

function lengthOfVarint(value: number): number {
  let length = 1
  for (let rest = value; rest > 0x7f; rest >>>= 7) length++
  return length
}
