import assert from 'node:assert/strict'
import type { WritableFile } from '@flink-ts/core'
import type { WebHdfsClient } from './web-hdfs-client.js'
import type { WebHdfsLocation } from './web-hdfs-location.js'

/** Collected before they are appended: each request opens and closes the file. */
const APPEND_BYTES = 4 * 1024 * 1024

/** A file of HDFS open for writing at its end. What was appended is durable as HDFS says: on the disks or in the memory of its DataNodes. */
export class WebHdfsFile implements WritableFile {
  readonly #client: WebHdfsClient
  readonly #location: WebHdfsLocation
  #held: Uint8Array[] = []
  #heldBytes = 0
  /** With what is held. */
  #length = 0
  #appending: Promise<void> = Promise.resolve()
  #failure: { readonly error: unknown } | undefined
  #create: ((bytes: Uint8Array) => Promise<void>) | undefined
  readonly #finish: () => Promise<void>

  constructor(
    client: WebHdfsClient,
    location: WebHdfsLocation,
    steps: {
      /** Makes the file, with its first bytes; absent: it is there, and empty. */
      readonly create?: (bytes: Uint8Array) => Promise<void>
      /** Called when all is written. */
      readonly finish: () => Promise<void>
    },
  ) {
    this.#client = client
    this.#location = location
    this.#create = steps.create
    this.#finish = steps.finish
  }

  async write(bytes: Uint8Array, positionBytes: number): Promise<void> {
    assert.equal(positionBytes, this.#length, 'HDFS appends only')
    this.#rethrow()
    // A copy: the caller may use its memory again.
    this.#held.push(bytes.slice())
    this.#heldBytes += bytes.length
    this.#length += bytes.length
    if (this.#heldBytes >= APPEND_BYTES) await this.sync()
  }

  async sync(): Promise<void> {
    const bytes = Buffer.concat(this.#held)
    this.#held = []
    this.#heldBytes = 0
    if (bytes.length > 0 || this.#create !== undefined) {
      const create = this.#create
      this.#create = undefined
      this.#appending = this.#appending.then(async () => {
        if (this.#failure !== undefined) return
        try {
          await (create === undefined ? this.#append(bytes) : create(bytes))
        } catch (error) {
          this.#failure = { error }
        }
      })
    }
    await this.#appending
    this.#rethrow()
  }

  async close(): Promise<void> {
    await this.sync()
    await this.#finish()
  }

  async #append(bytes: Uint8Array): Promise<void> {
    const operation = { method: 'POST', op: 'APPEND' } as const
    await this.#client.whileHeld(() => this.#client.send(this.#location, operation, bytes))
  }

  #rethrow(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}
