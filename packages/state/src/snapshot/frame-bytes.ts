const FIRST_BYTES = 1024
/** What a file gets in one write. */
export const CHUNK_BYTES = 1024 * 1024

/**
 * Bytes of a file in pieces of {@link CHUNK_BYTES}, which are written as they are: to copy what snapshots encode once more, into memory that is as
 * new, cost as much as its checksums. The first piece is as small as what goes into it.
 */
export class FrameBytes {
  #full: Buffer[] = []
  #chunk: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #used = 0

  /** Bytes of whole pieces. */
  get fullBytes(): number {
    return this.#full.length * CHUNK_BYTES
  }

  /** @param bytes are copied */
  add(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; ) {
      if (this.#used === this.#chunk.length) this.#makeRoom(bytes.length - from)
      const to = Math.min(bytes.length, from + this.#chunk.length - this.#used)
      this.#chunk.set(
        from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to),
        this.#used,
      )
      this.#used += to - from
      from = to
    }
  }

  /** The whole pieces since the last call, in order. */
  takeFull(): Buffer[] {
    const taken = this.#full
    this.#full = []
    return taken
  }

  /** All bytes since the last call, in order. Nothing is added afterwards. */
  takeAll(): Buffer[] {
    const taken = this.takeFull()
    if (this.#used > 0) taken.push(this.#chunk.subarray(0, this.#used))
    this.#used = 0
    this.#chunk = Buffer.alloc(0)
    return taken
  }

  #makeRoom(count: number): void {
    const { length } = this.#chunk
    if (length < CHUNK_BYTES) {
      const grown = Buffer.allocUnsafeSlow(
        Math.min(CHUNK_BYTES, Math.max(length * 4, length + count)),
      )
      this.#chunk.copy(grown, 0, 0, this.#used)
      this.#chunk = grown
      return
    }
    this.#full.push(this.#chunk)
    this.#chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
    this.#used = 0
  }
}
