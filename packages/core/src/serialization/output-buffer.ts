import type { OutputView } from './views.js'

/** An {@link OutputView} that can be laid over one piece of memory after another. */
export class OutputBuffer implements OutputView {
  bytes: Buffer = Buffer.alloc(0)
  data: DataView = new DataView(new ArrayBuffer(0))
  position = 0
  limit = 0

  /** Over fresh memory of `size` bytes. */
  static allocate(size: number): OutputBuffer {
    return new OutputBuffer().wrap(Buffer.allocUnsafeSlow(size))
  }

  /**
   * Writes into `length` bytes of `bytes` from `offset` on from now on; positions count from `offset`.
   * The memory is not copied. It may be shared between threads.
   */
  wrap(bytes: Uint8Array, offset = 0, length = bytes.byteLength - offset): this {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset + offset, length)
    this.data = new DataView(bytes.buffer, bytes.byteOffset + offset, length)
    this.position = 0
    this.limit = length
    return this
  }

  /** What was written so far; the same memory, not a copy. */
  written(): Buffer {
    return this.bytes.subarray(0, this.position)
  }
}
