import type { FileSystem, Random } from '@flink-ts/core'
import type { BlobStore, IncomingBlob } from './blob-store.js'

export interface FileSystemBlobStoreOptions {
  readonly fileSystem: FileSystem
  /** An existing or new folder; the store works in a folder of its own below it. */
  readonly parentDirectory: string
  readonly random: Random
}

/**
 * Keeps blobs as files `blobStore-<random>/blob_<key>.mjs`. What is on its way in lies in `incoming/` and is
 * renamed when it is complete, so that a file under its key is always whole.
 */
export class FileSystemBlobStore implements BlobStore {
  readonly directory: string
  readonly #fileSystem: FileSystem
  readonly #incomingDirectory: string
  #nextIncoming = 0
  #prepared: Promise<void> | undefined

  constructor(options: FileSystemBlobStoreOptions) {
    this.#fileSystem = options.fileSystem
    this.directory = `${options.parentDirectory.replace(/\/+$/, '')}/blobStore-${options.random.hex(8)}`
    this.#incomingDirectory = `${this.directory}/incoming`
  }

  pathOf(key: string): string {
    // The ending lets Node import a program's bundle as what it is, without reading it twice to find out.
    return `${this.directory}/blob_${key}.mjs`
  }

  async sizeOf(key: string): Promise<number | undefined> {
    const path = this.pathOf(key)
    if (!(await this.#fileSystem.exists(path))) return undefined
    return Number((await this.#fileSystem.getFileStatus(path)).lengthBytes)
  }

  async read(key: string, offset: number, maxBytes: number): Promise<Uint8Array> {
    const file = await this.#fileSystem.open(this.pathOf(key))
    try {
      const target = new Uint8Array(maxBytes)
      let filled = 0
      while (filled < maxBytes) {
        const count = await file.read(target.subarray(filled), offset + filled)
        if (count === 0) break
        filled += count
      }
      return target.subarray(0, filled)
    } finally {
      await file.close()
    }
  }

  async receive(): Promise<IncomingBlob> {
    this.#prepared ??= this.#fileSystem.mkdirs(this.#incomingDirectory)
    await this.#prepared
    const path = `${this.#incomingDirectory}/temp-${this.#nextIncoming++}`
    const file = await this.#fileSystem.create(path, 'exclusive')
    let open = true
    const closeFile = async () => {
      if (open) await file.close()
      open = false
    }
    return {
      append: (bytes) => file.write(bytes),
      commit: async (key) => {
        await closeFile()
        await this.#fileSystem.rename(path, this.pathOf(key))
      },
      discard: async () => {
        await closeFile()
        await this.#fileSystem.delete(path, { recursive: false })
      },
    }
  }

  async delete(key: string): Promise<void> {
    await this.#fileSystem.delete(this.pathOf(key), { recursive: false })
  }

  async close(): Promise<void> {
    await this.#fileSystem.delete(this.directory, { recursive: true })
  }
}
