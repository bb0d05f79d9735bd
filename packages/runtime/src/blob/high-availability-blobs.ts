import { createHash } from 'node:crypto'
import type { FileInputStream, FileStatus, FileSystem, Logger } from '@flink-ts/core'
import type { HighAvailabilityBlobStorage } from '../highavailability/high-availability-services.js'
import { BlobStorageError } from './blob-errors.js'
import { isBlobKey } from './blob-key.js'

const PIECE_BYTES = 1024 * 1024

/** A blob in the storage: `<epoch of the term that wrote it>-<key>`. */
interface StoredBlob {
  readonly path: string
  readonly epoch: number
  readonly key: string
}

/**
 * The blobs in `high-availability.storageDir` as the leader of one term sees them. A term writes, and replaces, only files of its
 * own epoch, so that whatever a former leader still removes, it is never what a later one relies on.
 */
export class HighAvailabilityBlobs {
  readonly #fileSystem: FileSystem
  readonly #directory: string
  readonly #epoch: number
  readonly #log: Logger
  #prepared: Promise<void> | undefined

  constructor(options: {
    storage: HighAvailabilityBlobStorage
    /** Of the term. */
    epoch: number
    log: Logger
  }) {
    this.#fileSystem = options.storage.fileSystem
    this.#directory = options.storage.directory.replace(/\/+$/, '')
    this.#epoch = options.epoch
    this.#log = options.log
  }

  /** Writes a blob; one that was written in part before is replaced. @throws BlobStorageError */
  write(key: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const path = `${this.#directory}/${this.#epoch}-${key}`
    return this.#attempt('write', path, async () => {
      this.#prepared ??= this.#fileSystem.mkdirs(this.#directory)
      try {
        await this.#prepared
      } catch (error) {
        this.#prepared = undefined
        throw error
      }
      const file = await this.#fileSystem.create(path, 'overwrite')
      try {
        for await (const piece of pieces) await file.write(piece)
        await file.sync()
      } finally {
        await file.close()
      }
    })
  }

  /**
   * The content of a blob, whichever term has written it: of the first file whose digest is the key.
   *
   * @returns undefined if there is none
   * @throws BlobStorageError
   */
  async read(key: string): Promise<Uint8Array | undefined> {
    const files = (await this.#list()).filter((blob) => blob.key === key)
    for (const { path } of files.sort((a, b) => b.epoch - a.epoch)) {
      const content = await this.#attempt('read', path, () => this.#readWhole(path))
      if (content === undefined) continue
      if (createHash('sha256').update(content).digest('hex') === key) return content
      this.#log.warn('A program in high-availability.storageDir is damaged', { path })
    }
    return undefined
  }

  /** Removes a blob, whichever term up to this one has written it. @throws BlobStorageError */
  async remove(key: string): Promise<void> {
    for (const blob of await this.#list()) {
      if (blob.key === key && blob.epoch <= this.#epoch) await this.#delete(blob.path)
    }
  }

  /**
   * Removes what earlier terms have left of blobs for which `isNeeded` says no; what later ones wrote stays.
   *
   * @throws BlobStorageError
   */
  async removeEarlier(isNeeded: (key: string) => boolean): Promise<void> {
    for (const { path, epoch, key } of await this.#list()) {
      if (epoch >= this.#epoch || isNeeded(key)) continue
      await this.#delete(path)
      this.#log.info('Removed a program that no job needs', { path })
    }
  }

  async #delete(path: string): Promise<void> {
    await this.#attempt('remove', path, () => this.#fileSystem.delete(path, { recursive: false }))
  }

  async #list(): Promise<StoredBlob[]> {
    const files = await this.#attempt('list', this.#directory, async () =>
      (await this.#fileSystem.exists(this.#directory))
        ? this.#fileSystem.list(this.#directory)
        : [],
    )
    return files.flatMap((file) => storedBlob(file) ?? [])
  }

  async #readWhole(path: string): Promise<Uint8Array | undefined> {
    let file: FileInputStream
    try {
      file = await this.#fileSystem.open(path)
    } catch (error) {
      if (!(await this.#fileSystem.exists(path))) return undefined
      throw error
    }
    try {
      const pieces: Uint8Array[] = []
      for (let at = 0; ; ) {
        const target = new Uint8Array(PIECE_BYTES)
        const count = await file.read(target, at)
        if (count === 0) return new Uint8Array(Buffer.concat(pieces))
        pieces.push(target.subarray(0, count))
        at += count
      }
    } finally {
      await file.close()
    }
  }

  async #attempt<T>(what: string, path: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run()
    } catch (cause) {
      throw cause instanceof BlobStorageError
        ? cause
        : new BlobStorageError({ operation: what, path, cause })
    }
  }
}

/** Undefined: no file of ours. */
function storedBlob({ path, isDirectory }: FileStatus): StoredBlob | undefined {
  const match = /^(\d+)-([^-]+)$/.exec(path.slice(path.lastIndexOf('/') + 1))
  if (match === null || isDirectory || !isBlobKey(match[2]!)) return undefined
  return { path, epoch: Number(match[1]), key: match[2]! }
}
