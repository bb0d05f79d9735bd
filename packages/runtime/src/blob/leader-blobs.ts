import type { Logger } from '@flink-ts/core'
import type { HighAvailabilityBlobStorage } from '../highavailability/high-availability-services.js'
import { BlobNotFoundError } from './blob-errors.js'
import { type BlobServer, MAX_BLOB_PIECE_BYTES } from './blob-server.js'
import { HighAvailabilityBlobs } from './high-availability-blobs.js'
import type { TermBlobs } from './job-blobs.js'
import { JobReferences } from './job-references.js'

/**
 * The blobs of a leader's jobs: in its BlobServer for the TaskManagers, and in the storage of high availability for the
 * leaders after it.
 */
export class LeaderBlobs implements TermBlobs {
  readonly #server: BlobServer
  readonly #stored: HighAvailabilityBlobs
  readonly #log: Logger
  readonly #references = new JobReferences()
  readonly #jobs = new Set<string>()
  /** Of which the storage has a file that is whole. */
  readonly #kept = new Set<string>()
  /** One change at a time: what is removed is not what is just kept again. */
  #changes: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(options: {
    server: BlobServer
    storage: HighAvailabilityBlobStorage
    /** Of the term. */
    epoch: number
    log: Logger
  }) {
    this.#server = options.server
    this.#log = options.log
    this.#stored = new HighAvailabilityBlobs(options)
  }

  /**
   * Keeps blobs that are here or that an earlier leader has kept, here and for later leaders, until {@link releaseJob}.
   *
   * @throws BlobNotFoundError if one is nowhere
   * @throws BlobStorageError
   */
  registerJob(jobId: string, keys: readonly string[]): Promise<void> {
    return this.#change(async () => {
      for (const key of keys) {
        // A later term registers it anew.
        if (this.#closed) return
        this.#jobs.add(jobId)
        this.#references.add(jobId, key)
        await this.#keep(jobId, key)
      }
    })
  }

  /** Idempotent. @throws BlobStorageError: to be repeated */
  releaseJob(jobId: string): Promise<void> {
    return this.#change(async () => {
      await this.#server.releaseJob(jobId)
      const unused = this.#references.releaseJob(jobId)
      try {
        for (const key of unused) {
          this.#kept.delete(key)
          await this.#stored.remove(key)
        }
      } catch (error) {
        // The repetition has to know what to remove.
        for (const key of unused) this.#references.add(jobId, key)
        throw error
      }
      this.#jobs.delete(jobId)
    })
  }

  removeAbandoned(): Promise<void> {
    return this.#change(() =>
      this.#stored.removeEarlier((key) => this.#references.isReferenced(key)),
    )
  }

  /** Never rejects: what could not be removed here is logged, and is in nobody's way. */
  close(): Promise<void> {
    this.#closed = true
    return this.#change(async () => {
      for (const jobId of this.#jobs) {
        try {
          await this.#server.releaseJob(jobId)
        } catch (error) {
          this.#log.warn('The program of a job of a term that is over was not removed here', {
            jobId,
            error,
          })
        }
      }
    })
  }

  async #keep(jobId: string, key: string): Promise<void> {
    if (await this.#server.has(key)) {
      await this.#server.registerJob(jobId, [key])
      if (!this.#kept.has(key)) await this.#stored.write(key, this.#pieces(key))
    } else {
      const content = await this.#stored.read(key)
      if (content === undefined) throw new BlobNotFoundError({ key, server: this.#server.address })
      const lease = await this.#server.lease(content)
      try {
        await this.#server.registerJob(jobId, [key])
      } finally {
        await lease.release()
      }
    }
    this.#kept.add(key)
  }

  async *#pieces(key: string): AsyncIterable<Uint8Array> {
    for (let offset = 0; ; ) {
      const { data, totalBytes } = await this.#server.getBlob({
        key,
        offset,
        maxBytes: MAX_BLOB_PIECE_BYTES,
      })
      yield data
      offset += data.length
      if (offset >= totalBytes) return
    }
  }

  #change<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#changes.then(action)
    // Its failure is told to whoever asked for the change; the next one starts all the same.
    this.#changes = result.catch(() => {})
    return result
  }
}
