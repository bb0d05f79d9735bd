import type { FileInputStream } from './file-system.js'

const FIRST_BYTES = 64 * 1024
const MOST_BYTES = 4 * 1024 * 1024

/**
 * Reads a remote file by requests for ranges: more than was asked for, and each time twice as much while the reader goes straight on.
 * One read at a time.
 */
export class ReadAheadInputStream implements FileInputStream {
  readonly #sizeBytes: number
  readonly #fetch: (position: number, length: number) => Promise<Uint8Array>
  #held: Uint8Array = new Uint8Array(0)
  #heldAt = 0
  #nextBytes = FIRST_BYTES

  /** @param fetch answers `length` bytes at `position`, which are there; less is an error of the file system */
  constructor(sizeBytes: number, fetch: (position: number, length: number) => Promise<Uint8Array>) {
    this.#sizeBytes = sizeBytes
    this.#fetch = fetch
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    const wanted = Math.min(target.length, this.#sizeBytes - position)
    if (wanted <= 0) return 0
    const end = this.#heldAt + this.#held.length
    if (position < this.#heldAt || position >= end) {
      // A jump: what follows is not known to be wanted.
      if (position !== end) this.#nextBytes = FIRST_BYTES
      const length = Math.min(Math.max(wanted, this.#nextBytes), this.#sizeBytes - position)
      this.#held = await this.#fetch(position, length)
      this.#heldAt = position
      this.#nextBytes = Math.min(this.#nextBytes * 2, MOST_BYTES)
    }
    const from = position - this.#heldAt
    const part = this.#held.subarray(from, from + wanted)
    target.set(part)
    return part.length
  }

  async close(): Promise<void> {
    this.#held = new Uint8Array(0)
    this.#heldAt = 0
  }
}
