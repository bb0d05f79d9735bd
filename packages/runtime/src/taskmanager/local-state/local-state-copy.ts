import type { FileOutputStream, FileSystem } from '@flink-ts/core'
import type { StateCopy } from '@flink-ts/state'

/** A file that is written beside another one. The first failure ends it, and what there is of it is removed. */
export class LocalStateCopy implements StateCopy {
  readonly #fileSystem: FileSystem
  readonly #path: string
  readonly #onFailed: (path: string, error: unknown) => void
  #stream: FileOutputStream | undefined
  #isEnded = false

  constructor(
    fileSystem: FileSystem,
    path: string,
    onFailed: (path: string, error: unknown) => void,
  ) {
    this.#fileSystem = fileSystem
    this.#path = path
    this.#onFailed = onFailed
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#attempt(async () => {
      this.#stream ??= await this.#fileSystem.create(this.#path, 'overwrite')
      await this.#stream.write(bytes)
    })
  }

  // Not synced: what a crash of the machine leaves of it is told by its checksum.
  async finish(): Promise<void> {
    await this.#attempt(async () => this.#stream?.close())
    this.#isEnded = true
  }

  async abort(): Promise<void> {
    if (!this.#isEnded) await this.#remove()
  }

  async #attempt(work: () => Promise<unknown>): Promise<void> {
    if (this.#isEnded) return
    try {
      await work()
    } catch (error) {
      this.#onFailed(this.#path, error)
      await this.#remove()
    }
  }

  async #remove(): Promise<void> {
    this.#isEnded = true
    if (this.#stream === undefined) return
    try {
      await this.#stream.close()
    } catch {
      // It could not be written either.
    }
    try {
      await this.#fileSystem.delete(this.#path, { recursive: false })
    } catch (error) {
      // It goes with the folder of its checkpoint.
      this.#onFailed(this.#path, error)
    }
  }
}
