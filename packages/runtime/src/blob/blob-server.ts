import { RpcEndpoint, type RpcEndpointOptions } from '@flink-ts/rpc'
import { BLOB_SERVER_GATEWAY } from '../messages/gateways.js'
import type {
  BlobServerGateway,
  GetBlobRequest,
  GetBlobResponse,
} from '../messages/messages.generated.js'
import { BlobNotFoundError, BlobTooLargeError, InvalidBlobKeyError } from './blob-errors.js'
import { blobKeyOf, isBlobKey } from './blob-key.js'
import type { BlobStore } from './blob-store.js'
import type { JobBlobs } from './job-blobs.js'
import { JobReferences } from './job-references.js'

export interface BlobServerOptions extends Omit<RpcEndpointOptions, 'endpointId'> {
  /** Closed, and thereby emptied, with the server. */
  readonly store: BlobStore
  /** Larger content is refused. Default 256 MiB. */
  readonly maxBlobBytes?: number
  /** Default `blobserver`. */
  readonly endpointId?: string
}

/** A blob that stays until it is released, and after that only for jobs that are registered for it. */
export interface BlobLease {
  readonly key: string
  /** Idempotent. */
  release(): Promise<void>
}

/** Largest piece that one request hands out. */
export const MAX_BLOB_PIECE_BYTES = 1024 * 1024

/** Also what a TaskManager accepts. */
export const DEFAULT_MAX_BLOB_BYTES = 256 * 1024 * 1024

/**
 * Keeps programs and other large content of jobs for the TaskManagers. A blob stays as long as a job is
 * registered for it or a lease holds it; one that nobody ever asked to keep stays until the server closes.
 */
export class BlobServer extends RpcEndpoint implements BlobServerGateway, JobBlobs {
  readonly #store: BlobStore
  readonly #maxBlobBytes: number
  readonly #references = new JobReferences()
  /** Changes of the store, one at a time, so that a deletion never hits a blob just put again. */
  #changes: Promise<unknown> = Promise.resolve()
  #leases = 0

  constructor(options: BlobServerOptions) {
    super({ ...options, endpointId: options.endpointId ?? 'blobserver' })
    this.#store = options.store
    this.#maxBlobBytes = options.maxBlobBytes ?? DEFAULT_MAX_BLOB_BYTES
  }

  /**
   * Stores `content` for a job that is about to be registered for it: until the lease is released the end of
   * another job does not take it away, and a submission that is refused leaves nothing behind.
   */
  async lease(content: Uint8Array): Promise<BlobLease> {
    const holder = `lease-${this.#leases++}`
    const release = () => this.releaseJob(holder)
    try {
      return { key: await this.#put(content, holder), release }
    } catch (error) {
      await release()
      throw error
    }
  }

  /**
   * Stores `content` and answers its key; the same content twice is one blob.
   *
   * @throws BlobTooLargeError
   */
  put(content: Uint8Array): Promise<string> {
    return this.#put(content, undefined)
  }

  /**
   * Keeps `keys` until {@link releaseJob}. Idempotent.
   *
   * @throws InvalidBlobKeyError
   * @throws BlobNotFoundError if one is not here
   */
  registerJob(jobId: string, keys: readonly string[]): Promise<void> {
    return this.#change(async () => {
      for (const key of keys) {
        await this.#requireSize(key)
        this.#references.add(jobId, key)
      }
    })
  }

  /** Deletes the blobs that only this job needed. Idempotent. */
  releaseJob(jobId: string): Promise<void> {
    return this.#change(async () => {
      for (const key of this.#references.releaseJob(jobId)) await this.#store.delete(key)
    })
  }

  /** @throws InvalidBlobKeyError */
  async has(key: string): Promise<boolean> {
    if (!isBlobKey(key)) throw new InvalidBlobKeyError({ key })
    return (await this.#store.sizeOf(key)) !== undefined
  }

  async getBlob(request: GetBlobRequest): Promise<GetBlobResponse> {
    const totalBytes = await this.#requireSize(request.key)
    const offset = Math.min(Math.max(0, request.offset), totalBytes)
    const wanted = Math.min(Math.max(0, request.maxBytes), MAX_BLOB_PIECE_BYTES)
    const length = Math.min(wanted, totalBytes - offset)
    return { data: await this.#store.read(request.key, offset, length), totalBytes }
  }

  protected override onStart(): void {
    this.serve<BlobServerGateway>(BLOB_SERVER_GATEWAY, this)
  }

  protected override async onStop(): Promise<void> {
    await this.#change(() => this.#store.close())
  }

  #put(content: Uint8Array, holder: string | undefined): Promise<string> {
    return this.#change(async () => {
      const [sizeBytes, limitBytes] = [content.length, this.#maxBlobBytes]
      if (sizeBytes > limitBytes) {
        throw new BlobTooLargeError({
          subject: 'Content for the BlobServer',
          sizeBytes,
          limitBytes,
        })
      }
      const key = blobKeyOf(content)
      if (holder !== undefined) this.#references.add(holder, key)
      if ((await this.#store.sizeOf(key)) !== undefined) return key
      const incoming = await this.#store.receive()
      try {
        for (let at = 0; at < content.length; at += MAX_BLOB_PIECE_BYTES) {
          await incoming.append(content.subarray(at, at + MAX_BLOB_PIECE_BYTES))
        }
        await incoming.commit(key)
      } finally {
        await incoming.discard()
      }
      return key
    })
  }

  async #requireSize(key: string): Promise<number> {
    if (!isBlobKey(key)) throw new InvalidBlobKeyError({ key })
    const size = await this.#store.sizeOf(key)
    if (size === undefined) throw new BlobNotFoundError({ key, server: this.address })
    return size
  }

  #change<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#changes.then(action)
    // Its failure is told to whoever asked for the change; the next one starts all the same.
    this.#changes = result.catch(() => {})
    return result
  }
}
