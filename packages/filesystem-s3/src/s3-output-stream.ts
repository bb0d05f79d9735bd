import type { FileOutputStream } from '@flink-ts/core'
import { PartUploader } from './part-uploader.js'
import type { S3Location } from './s3-location.js'
import type { S3Objects } from './s3-objects.js'

/** Writes one object: at once when it is small, else in parts. It is there, whole, when `close` resolved. */
export class S3OutputStream implements FileOutputStream {
  readonly #objects: S3Objects
  readonly #location: S3Location
  readonly #writer: string
  readonly #exclusive: boolean
  readonly #parts: PartUploader
  #uploadId: Promise<string> | undefined
  #closed: Promise<void> | undefined

  constructor(
    objects: S3Objects,
    location: S3Location,
    options: { writer: string; exclusive: boolean; partSizeBytes: number },
  ) {
    this.#objects = objects
    this.#location = location
    this.#writer = options.writer
    this.#exclusive = options.exclusive
    this.#parts = new PartUploader({
      objects,
      location,
      partSizeBytes: options.partSizeBytes,
      begin: () => {
        this.#uploadId ??= objects.createUpload(location, options.writer)
        return this.#uploadId
      },
    })
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#parts.write(bytes)
  }

  /** Does nothing: an object is durable when it is there, and it is there when `close` resolved. */
  async sync(): Promise<void> {}

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const options = { writer: this.#writer, exclusive: this.#exclusive }
    if (!this.#parts.hasParts) {
      await this.#objects.put(this.#location, this.#parts.held(), options)
      return
    }
    try {
      const parts = await this.#parts.finish()
      await this.#objects.completeUpload(this.#location, await this.#uploadId!, parts, options)
    } catch (error) {
      await this.#abort()
      throw error
    }
  }

  async #abort(): Promise<void> {
    await this.#parts.settle()
    try {
      const uploadId = await this.#uploadId
      if (uploadId !== undefined) await this.#objects.abortUpload(this.#location, uploadId)
    } catch {
      // The first error says why; what stays of the upload is for the bucket's lifecycle rule.
    }
  }
}
