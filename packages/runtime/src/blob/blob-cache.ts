import { createHash } from 'node:crypto'
import { type Clock, FlinkError, type Logger } from '@flink-ts/core'
import type { RpcService } from '@flink-ts/rpc'
import { BLOB_SERVER_GATEWAY } from '../messages/gateways.js'
import type {
  BlobServerGateway,
  EndpointAddress,
  GetBlobResponse,
} from '../messages/messages.generated.js'
import {
  BlobCorruptedError,
  BlobFetchError,
  BlobTooLargeError,
  InvalidBlobKeyError,
  JobBlobError,
} from './blob-errors.js'
import { isBlobKey } from './blob-key.js'
import { DEFAULT_MAX_BLOB_BYTES, MAX_BLOB_PIECE_BYTES } from './blob-server.js'
import type { BlobStore, IncomingBlob } from './blob-store.js'
import { JobReferences } from './job-references.js'
import { UnusedBlobs } from './unused-blobs.js'

export interface BlobCacheOptions {
  readonly rpcService: RpcService
  readonly clock: Clock
  readonly log: Logger
  /** Closed, and thereby emptied, with the cache. */
  readonly store: BlobStore
  /** `blob.service.cleanup.interval`: how long a blob stays that no job needs. Default 0: not at all. */
  readonly keepUnusedMs?: number
  /** Of blobs that no job needs; the oldest goes first. Default 1 GiB. */
  readonly maxUnusedBytes?: number
  /** Larger blobs are not fetched. Default 256 MiB. */
  readonly maxBlobBytes?: number
  /** `blob.fetch.retries`: so many further attempts follow a failure. Default 5. */
  readonly fetchRetries?: number
}

const INITIAL_DELAY_MS = 100
const MAX_DELAY_MS = 5_000

/**
 * The blobs of a TaskManager's jobs, each fetched once from the BlobServer. Concurrent requests share
 * one download; its digest is checked before anybody sees the file.
 */
export class BlobCache {
  readonly #options: BlobCacheOptions
  readonly #references = new JobReferences()
  readonly #downloads = new Map<string, Promise<void>>()
  /** A blob that is being deleted is fetched anew, afterwards. */
  readonly #deletions = new Map<string, Promise<void>>()
  readonly #unused: UnusedBlobs
  readonly #wakeUps = new Set<() => void>()
  #closed = false

  constructor(options: BlobCacheOptions) {
    this.#options = options
    this.#unused = new UnusedBlobs({
      clock: options.clock,
      keepMs: options.keepUnusedMs ?? 0,
      maxBytes: options.maxUnusedBytes ?? 1024 * 1024 * 1024,
      onExpired: (key) => {
        this.#delete(key).catch((error: unknown) =>
          options.log.warn('Could not delete a blob that no job needs', { key, error }),
        )
      },
    })
  }

  /**
   * The local path of blob `key`, which stays until {@link releaseJob}.
   *
   * @throws InvalidBlobKeyError
   * @throws JobBlobError naming job and blob; its code FLINK_BLOB_NOT_FOUND, FLINK_BLOB_CORRUPTED, FLINK_BLOB_TOO_LARGE or
   *   FLINK_BLOB_FETCH_FAILED says why
   */
  async fetch(jobId: string, key: string, server: EndpointAddress): Promise<string> {
    if (!isBlobKey(key)) throw new InvalidBlobKeyError({ key })
    this.#references.add(jobId, key)
    this.#unused.remove(key)
    let download = this.#downloads.get(key)
    if (download === undefined) {
      download = this.#fetchUnlessPresent(key, server).finally(() => this.#downloads.delete(key))
      this.#downloads.set(key, download)
    }
    try {
      await download
    } catch (cause) {
      throw new JobBlobError({ jobId, key, cause })
    }
    return this.#options.store.pathOf(key)
  }

  /** Deletes the blobs that only this job used, now or when they have been of no use for a while. Idempotent. */
  async releaseJob(jobId: string): Promise<void> {
    for (const key of this.#references.releaseJob(jobId)) {
      // How the download went is told to whoever asked for it.
      await this.#downloads.get(key)?.catch(() => {})
      if (this.#references.isReferenced(key) || this.#deletions.has(key)) continue
      const bytes = (this.#options.keepUnusedMs ?? 0) === 0 ? undefined : await this.#sizeOf(key)
      if (bytes === undefined) await this.#delete(key)
      else if (!this.#references.isReferenced(key)) this.#unused.add(key, bytes)
    }
  }

  /** Ends downloads and removes all files. */
  async close(): Promise<void> {
    this.#closed = true
    this.#unused.close()
    for (const wakeUp of [...this.#wakeUps]) wakeUp()
    await Promise.allSettled(this.#downloads.values())
    await this.#options.store.close()
  }

  /** Undefined if there is none, or nobody is to know any more. */
  async #sizeOf(key: string): Promise<number | undefined> {
    return this.#closed ? undefined : await this.#options.store.sizeOf(key)
  }

  async #delete(key: string): Promise<void> {
    const deletion = this.#options.store.delete(key).finally(() => this.#deletions.delete(key))
    this.#deletions.set(key, deletion)
    await deletion
  }

  async #fetchUnlessPresent(key: string, server: EndpointAddress): Promise<void> {
    // Whether the deletion failed is told to whoever asked for it.
    await this.#deletions.get(key)?.catch(() => {})
    if ((await this.#options.store.sizeOf(key)) !== undefined) return
    const attempts = 1 + (this.#options.fetchRetries ?? 5)
    for (let attempt = 1; ; attempt++) {
      const actual = await this.#download(key, server, attempts)
      if (actual === key) return
      this.#options.log.warn('A blob arrived corrupted', { key, actual, attempt })
      if (attempt === attempts) {
        throw new BlobCorruptedError({ key, actual, server: server.address, attempts })
      }
    }
  }

  /** @returns the digest of what arrived; the blob is kept only if that is its key */
  async #download(key: string, server: EndpointAddress, attempts: number): Promise<string> {
    const incoming = await this.#options.store.receive()
    try {
      const digest = await this.#receiveAll(key, server, incoming, attempts)
      if (digest === key) await incoming.commit(key)
      return digest
    } finally {
      await incoming.discard()
    }
  }

  async #receiveAll(
    key: string,
    server: EndpointAddress,
    incoming: IncomingBlob,
    attempts: number,
  ): Promise<string> {
    const hash = createHash('sha256')
    for (let offset = 0; ; ) {
      const { data, totalBytes } = await this.#requestPiece(key, offset, server, attempts)
      const [sizeBytes, limitBytes] = [
        totalBytes,
        this.#options.maxBlobBytes ?? DEFAULT_MAX_BLOB_BYTES,
      ]
      if (sizeBytes > limitBytes || offset + data.length > totalBytes) {
        throw new BlobTooLargeError({ subject: `Blob ${key}`, sizeBytes, limitBytes })
      }
      hash.update(data)
      await incoming.append(data)
      offset += data.length
      // A short answer would be asked for again for ever.
      if (offset >= totalBytes || data.length === 0) return hash.digest('hex')
    }
  }

  /** Goes on where the download broke: pieces that are here are not asked for again. */
  async #requestPiece(
    key: string,
    offset: number,
    server: EndpointAddress,
    attempts: number,
  ): Promise<GetBlobResponse> {
    const gateway = this.#options.rpcService.connect<BlobServerGateway>(
      server.address,
      server.endpointId,
      BLOB_SERVER_GATEWAY,
    )
    let delayMs = INITIAL_DELAY_MS
    for (let attempt = 1; ; attempt++) {
      try {
        return await gateway.getBlob({ key, offset, maxBytes: MAX_BLOB_PIECE_BYTES })
      } catch (error) {
        if (!FlinkError.is(error) || !error.retriable) throw error
        if (attempt === attempts || this.#closed) {
          throw new BlobFetchError({ key, server: server.address, attempts: attempt, cause: error })
        }
        this.#options.log.debug('A piece of a blob did not arrive', { key, offset, attempt, error })
        await this.#pause(delayMs)
        delayMs = Math.min(2 * delayMs, MAX_DELAY_MS)
      }
    }
  }

  #pause(delayMs: number): Promise<void> {
    if (this.#closed) return Promise.resolve()
    return new Promise((resolve) => {
      const wakeUp = () => {
        cancel()
        this.#wakeUps.delete(wakeUp)
        resolve()
      }
      const cancel = this.#options.clock.schedule(delayMs, wakeUp)
      this.#wakeUps.add(wakeUp)
    })
  }
}
