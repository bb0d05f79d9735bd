import type { FileOutputStream } from './file-system.js'
import type { WritableFile } from './writable-files.js'

/** Appends to a {@link WritableFile}. Writes need not be awaited one by one. */
export class PositionedOutputStream implements FileOutputStream {
  readonly #file: WritableFile
  #position = 0
  #closed = false

  constructor(file: WritableFile) {
    this.#file = file
  }

  async write(bytes: Uint8Array): Promise<void> {
    const at = this.#position
    this.#position += bytes.length
    await this.#file.write(bytes, at)
  }

  sync(): Promise<void> {
    return this.#file.sync()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#file.close()
  }
}
