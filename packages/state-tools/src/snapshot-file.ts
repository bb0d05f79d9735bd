import type { SnapshotWriter, StateHandle, StateOutputStream } from '@flink-ts/state'

/** Bytes that are collected before they are written. */
const PENDING_BYTES = 1024 * 1024

/** A snapshot on its way into a file. Ends by `finish` or `abort`. */
export class SnapshotFile {
  readonly writer: SnapshotWriter
  readonly #stream: StateOutputStream

  constructor(writer: SnapshotWriter, stream: StateOutputStream) {
    this.writer = writer
    this.#stream = stream
  }

  /** Writes what waits, if it is much. */
  async writePending(): Promise<void> {
    if (this.writer.pendingBytes >= PENDING_BYTES) await this.#write()
  }

  async finish(): Promise<{ readonly handle: StateHandle; readonly elements: readonly number[] }> {
    const { elements } = this.writer.finish()
    await this.#write()
    return { handle: await this.#stream.finish(), elements }
  }

  abort(): Promise<void> {
    return this.#stream.abort()
  }

  async #write(): Promise<void> {
    for (const bytes of this.writer.takePending()) await this.#stream.write(bytes)
  }
}
