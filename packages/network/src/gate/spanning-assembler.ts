import { MAX_ELEMENT_BYTES } from '../element/element-tags.js'
import { DataProtocolError } from '../errors/network-errors.js'

const KEPT_BYTES = 1024 * 1024

/** Puts the chunks of an element together that is larger than a buffer. */
export class SpanningAssembler {
  #bytes: Buffer | undefined
  #total = 0
  #received = 0

  get isActive(): boolean {
    return this.#received < this.#total
  }

  /** What has come of an element that is not whole, and how large it will be. */
  get partial(): { readonly totalBytes: number; readonly bytes: Buffer } | undefined {
    if (!this.isActive) return undefined
    const bytes = Buffer.from(this.#bytes?.subarray(0, this.#received) ?? [])
    return { totalBytes: this.#total, bytes }
  }

  start(totalBytes: number): void {
    if (this.isActive) throw new DataProtocolError('a record began within another one')
    if (totalBytes === 0 || totalBytes > MAX_ELEMENT_BYTES) {
      throw new DataProtocolError(`a record claims to take ${totalBytes} bytes`)
    }
    this.#total = totalBytes
    this.#received = 0
  }

  /** @returns the whole element with its last chunk, valid until the next `start` */
  add(source: Buffer, start: number, end: number): Buffer | undefined {
    const received = this.#received + end - start
    if (received > this.#total) {
      throw new DataProtocolError(`a record of ${this.#total} bytes came with more`)
    }
    const bytes = this.#reserve(received)
    source.copy(bytes, this.#received, start, end)
    this.#received = received
    if (received < this.#total) return undefined
    if (bytes.length > KEPT_BYTES) this.#bytes = undefined
    return bytes.subarray(0, received)
  }

  /** Grows with what has come, not with what was announced: a false length costs nothing. */
  #reserve(length: number): Buffer {
    const before = this.#bytes
    if (before !== undefined && before.length >= length) return before
    const size = Math.min(this.#total, Math.max(length, (before?.length ?? 0) * 2))
    const bytes = Buffer.allocUnsafeSlow(Math.max(size, length))
    before?.copy(bytes, 0, 0, this.#received)
    this.#bytes = bytes
    return bytes
  }
}
