import type { InputView } from './views.js'

/** An {@link InputView} that can be laid over one piece of memory after another. */
export class InputBuffer implements InputView {
  bytes: Buffer = Buffer.alloc(0)
  data: DataView = new DataView(new ArrayBuffer(0))
  position = 0
  limit = 0

  /** Over the memory of `bytes`, not a copy. */
  static of(bytes: Uint8Array): InputBuffer {
    return new InputBuffer().wrap(bytes)
  }

  /** Reads `length` bytes of `bytes` from `offset` on from now on; positions count from `offset`. */
  wrap(bytes: Uint8Array, offset = 0, length = bytes.byteLength - offset): this {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset + offset, length)
    this.data = new DataView(bytes.buffer, bytes.byteOffset + offset, length)
    this.position = 0
    this.limit = length
    return this
  }

  get remaining(): number {
    return this.limit - this.position
  }
}
