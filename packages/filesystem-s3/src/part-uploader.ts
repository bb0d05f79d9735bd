import { FileSystemError } from '@flink-ts/core'
import type { S3Location } from './s3-location.js'
import type { S3Objects, UploadedPart } from './s3-objects.js'

const MOST_PARTS = 10_000

export interface PartUploaderOptions {
  readonly objects: S3Objects
  readonly location: S3Location
  readonly partSizeBytes: number
  /** Called before the first part. @returns the id of the upload */
  readonly begin: () => Promise<string>
  /** Of an upload that goes on. */
  readonly parts?: readonly UploadedPart[]
  readonly held?: Uint8Array
  /** Number of the next part. Default: behind those before. */
  readonly nextNumber?: number
}

/** Cuts what is written into parts and uploads them, one at a time, while the next is collected. */
export class PartUploader {
  readonly #options: PartUploaderOptions
  readonly #parts: UploadedPart[]
  #held: Uint8Array[] = []
  #heldBytes = 0
  #cut: number
  #nextNumber: number
  #uploading: Promise<void> = Promise.resolve()
  #waiting = 0
  #failure: { readonly error: unknown } | undefined
  #positionBytes: number

  constructor(options: PartUploaderOptions) {
    this.#options = options
    this.#parts = [...(options.parts ?? [])]
    this.#cut = this.#parts.length
    this.#nextNumber = options.nextNumber ?? (this.#parts.at(-1)?.number ?? 0) + 1
    this.#positionBytes = this.#parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    if (options.held !== undefined) this.#hold(options.held)
  }

  /** Bytes that were written. */
  get positionBytes(): number {
    return this.#positionBytes
  }

  /** Whether a part was cut. */
  get hasParts(): boolean {
    return this.#cut > 0
  }

  /** In the order of the calls. Waits when two parts are on their way. @throws what an upload threw */
  async write(bytes: Uint8Array): Promise<void> {
    this.#rethrow()
    const { partSizeBytes } = this.#options
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + partSizeBytes - this.#heldBytes)
      // A copy: the caller may use its memory again.
      this.#hold(bytes.slice(at, end))
      at = end
      if (this.#heldBytes === partSizeBytes) this.#cutPart()
    }
    if (this.#waiting > 1) {
      await this.#uploading
      this.#rethrow()
    }
  }

  /** What no part has yet. */
  held(): Uint8Array {
    return Buffer.concat(this.#held)
  }

  /** Waits for all parts that are cut now. */
  async uploaded(): Promise<readonly UploadedPart[]> {
    const count = this.#cut
    await this.#uploading
    this.#rethrow()
    return this.#parts.slice(0, count)
  }

  /** Uploads what is left as a part, however small. */
  async finish(): Promise<readonly UploadedPart[]> {
    this.#rethrow()
    if (this.#heldBytes > 0) this.#cutPart()
    return this.uploaded()
  }

  /** Nothing is uploaded any more when it resolves. */
  async settle(): Promise<void> {
    this.#failure ??= { error: new Error('the upload was given up') }
    await this.#uploading
  }

  #hold(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#held.push(bytes)
    this.#heldBytes += bytes.length
    this.#positionBytes += bytes.length
  }

  #cutPart(): void {
    const bytes = this.held()
    this.#held = []
    this.#heldBytes = 0
    this.#cut++
    const number = this.#nextNumber++
    this.#waiting++
    this.#uploading = this.#uploading.then(async () => {
      try {
        if (this.#failure === undefined) this.#parts.push(await this.#upload(number, bytes))
      } catch (error) {
        this.#failure = { error }
      } finally {
        this.#waiting--
      }
    })
  }

  async #upload(number: number, bytes: Uint8Array): Promise<UploadedPart> {
    const { objects, location, begin, partSizeBytes } = this.#options
    if (number > MOST_PARTS) {
      throw new FileSystemError(
        `Cannot write ${location.path}: it is larger than ${MOST_PARTS} parts of ${partSizeBytes} bytes; raise 's3.upload.part-size'`,
        { path: location.path },
      )
    }
    return objects.uploadPart(location, await begin(), { number, bytes })
  }

  #rethrow(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}
