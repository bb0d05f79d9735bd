/** Longer frames than this are no answers of ZooKeeper: its own limit is 1 MiB, and lists of names may be some times that. */
const MAX_FRAME_BYTES = 256 * 1024 * 1024

/** Cuts what a connection brings into frames: four bytes of length, and as many bytes. One splitter serves one connection. */
export class FrameSplitter {
  #chunks: Buffer[] = []
  #buffered = 0
  /** Bytes that are needed before there is anything to cut. */
  #needed = 4

  /** @returns the frames that are complete now, lengths included. @throws Error if the length is none */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk)
    this.#buffered += chunk.length
    if (this.#buffered < this.#needed) return []
    let bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks)
    const frames: Buffer[] = []
    this.#needed = 4
    while (bytes.length >= 4) {
      const length = bytes.readInt32BE(0)
      if (length < 0 || length > MAX_FRAME_BYTES) throw new Error(`a frame of ${length} bytes`)
      if (bytes.length < length + 4) {
        this.#needed = length + 4
        break
      }
      frames.push(bytes.subarray(0, length + 4))
      bytes = bytes.subarray(length + 4)
    }
    this.#chunks = bytes.length === 0 ? [] : [bytes]
    this.#buffered = bytes.length
    return frames
  }
}
