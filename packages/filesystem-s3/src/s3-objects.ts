import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  type DeleteObjectsCommandOutput,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { FileSystemError } from '@flink-ts/core'
import type { S3Location } from './s3-location.js'
import { isConflict, isMissing, isPreconditionFailed, translateError } from './translate-error.js'

/** Metadata of an object that says which writer made it: an answer that was lost is told from another's object. */
const WRITER = 'flink-ts-writer'
const CONFLICT_ATTEMPTS = 5

export interface ObjectStatus {
  readonly sizeBytes: number
  readonly modificationTimeMs: number
  readonly etag: string
  readonly writer: string | undefined
}

export interface UploadedPart {
  readonly number: number
  readonly etag: string
  readonly sizeBytes: number
}

export interface ListedObject {
  readonly key: string
  readonly sizeBytes: number
  readonly modificationTimeMs: number
}

export interface WriteOptions {
  /** Unique for what is written. */
  readonly writer: string
  /** Fails with FileAlreadyExistsError if there is an object. */
  readonly exclusive: boolean
}

/** The requests to S3 that this package uses, with errors of files. */
export class S3Objects {
  readonly #client: S3Client

  constructor(client: S3Client) {
    this.#client = client
  }

  /** @returns undefined if there is none */
  async head({ bucket, key, path }: S3Location): Promise<ObjectStatus | undefined> {
    try {
      const found = await this.#client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }))
      return {
        sizeBytes: found.ContentLength ?? 0,
        modificationTimeMs: found.LastModified?.getTime() ?? 0,
        etag: found.ETag ?? '',
        writer: found.Metadata?.[WRITER],
      }
    } catch (error) {
      if (isMissing(error)) return undefined
      throw translateError(path, error)
    }
  }

  /** @param etag what the object must still be, if given */
  async read(
    { bucket, key, path }: S3Location,
    range: { position: number; length: number; etag?: string },
  ): Promise<Uint8Array> {
    const { position, length, etag } = range
    if (length === 0) return new Uint8Array(0)
    try {
      const { Body } = await this.#client.send(
        new GetObjectCommand({
          Bucket: bucket,
          Key: key,
          Range: `bytes=${position}-${position + length - 1}`,
          ...(etag !== undefined && { IfMatch: etag }),
        }),
      )
      const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array(0)
      if (bytes.length === length) return bytes
      throw new FileSystemError(
        `Cannot read ${path}: asked for ${length} bytes at ${position}, ${bytes.length} came`,
        { path },
      )
    } catch (error) {
      if (!isPreconditionFailed(error)) throw translateError(path, error)
      const message = `Cannot read ${path} on: it was replaced while it was read`
      throw new FileSystemError(message, { path, cause: error })
    }
  }

  /** @throws FileAlreadyExistsError */
  async put(location: S3Location, bytes: Uint8Array, options: WriteOptions): Promise<void> {
    const { bucket, key } = location
    const { writer, exclusive } = options
    const command = new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: bytes,
      Metadata: { [WRITER]: writer },
      ...(exclusive && { IfNoneMatch: '*' }),
    })
    await this.#write(location, options, () => this.#client.send(command))
  }

  /** Objects and, with `folders`, only those directly below `prefix` and the names of the others' folders. */
  async *list(
    { bucket, path }: S3Location,
    options: { prefix: string; folders: boolean; most?: number },
  ): AsyncGenerator<{ objects: ListedObject[]; folders: string[] }, void> {
    let token: string | undefined
    do {
      let page: ListObjectsV2CommandOutput
      try {
        page = await this.#client.send(
          new ListObjectsV2Command({
            Bucket: bucket,
            Prefix: options.prefix,
            ...(options.folders && { Delimiter: '/' }),
            ...(options.most !== undefined && { MaxKeys: options.most }),
            ...(token !== undefined && { ContinuationToken: token }),
          }),
        )
      } catch (error) {
        throw translateError(path, error)
      }
      yield {
        objects: (page.Contents ?? []).map(({ Key = '', Size = 0, LastModified }) => ({
          key: Key,
          sizeBytes: Size,
          modificationTimeMs: LastModified?.getTime() ?? 0,
        })),
        folders: (page.CommonPrefixes ?? []).flatMap(({ Prefix }) => Prefix ?? []),
      }
      token = page.NextContinuationToken
    } while (token !== undefined)
  }

  /** Idempotent. */
  async delete({ bucket, key, path }: S3Location): Promise<void> {
    try {
      await this.#client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }))
    } catch (error) {
      if (!isMissing(error)) throw translateError(path, error)
    }
  }

  /** Deletes all objects whose keys begin with `prefix`. */
  async deleteBelow(location: S3Location, prefix: string): Promise<void> {
    const { bucket, path } = location
    for await (const { objects } of this.list(location, { prefix, folders: false })) {
      if (objects.length === 0) continue
      let answer: DeleteObjectsCommandOutput
      try {
        answer = await this.#client.send(
          new DeleteObjectsCommand({
            Bucket: bucket,
            Delete: { Objects: objects.map(({ key }) => ({ Key: key })), Quiet: true },
          }),
        )
      } catch (error) {
        throw translateError(path, error)
      }
      const [failed] = answer.Errors ?? []
      if (failed === undefined) continue
      const why = `${failed.Key}: ${failed.Code}: ${failed.Message}`
      throw new FileSystemError(`Cannot delete ${path} with all in it: ${why}`, { path })
    }
  }

  async copy(from: S3Location, to: S3Location): Promise<void> {
    const source = [from.bucket, ...from.key.split('/')].map(encodeURIComponent).join('/')
    try {
      await this.#client.send(
        new CopyObjectCommand({ Bucket: to.bucket, Key: to.key, CopySource: source }),
      )
    } catch (error) {
      throw translateError(from.path, error)
    }
  }

  /** Begins an upload in parts. @returns its id */
  async createUpload({ bucket, key, path }: S3Location, writer: string): Promise<string> {
    try {
      const { UploadId } = await this.#client.send(
        new CreateMultipartUploadCommand({
          Bucket: bucket,
          Key: key,
          Metadata: { [WRITER]: writer },
        }),
      )
      if (UploadId !== undefined) return UploadId
    } catch (error) {
      throw translateError(path, error)
    }
    throw new FileSystemError(`Cannot write ${path}: the server began no upload`, { path })
  }

  async uploadPart(
    { bucket, key, path }: S3Location,
    uploadId: string,
    part: { number: number; bytes: Uint8Array },
  ): Promise<UploadedPart> {
    const { number, bytes } = part
    try {
      const { ETag = '' } = await this.#client.send(
        new UploadPartCommand({
          Bucket: bucket,
          Key: key,
          UploadId: uploadId,
          PartNumber: number,
          Body: bytes,
        }),
      )
      return { number, etag: ETag, sizeBytes: bytes.length }
    } catch (error) {
      throw translateError(path, error)
    }
  }

  /** Makes the object of an upload visible. @throws FileAlreadyExistsError, FileNotFoundError if there is no such upload */
  async completeUpload(
    location: S3Location,
    uploadId: string,
    parts: readonly UploadedPart[],
    options: WriteOptions,
  ): Promise<void> {
    const command = new CompleteMultipartUploadCommand({
      Bucket: location.bucket,
      Key: location.key,
      UploadId: uploadId,
      MultipartUpload: {
        Parts: parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag })),
      },
      ...(options.exclusive && { IfNoneMatch: '*' }),
    })
    await this.#write(location, options, () => this.#client.send(command))
  }

  /** Idempotent. */
  async abortUpload({ bucket, key, path }: S3Location, uploadId: string): Promise<void> {
    try {
      await this.#client.send(
        new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId }),
      )
    } catch (error) {
      if (!isMissing(error)) throw translateError(path, error)
    }
  }

  /** @returns undefined if there is no such upload: it was completed or aborted */
  async listParts(
    { bucket, key, path }: S3Location,
    uploadId: string,
  ): Promise<UploadedPart[] | undefined> {
    const parts: UploadedPart[] = []
    let marker: string | undefined
    try {
      do {
        const page = await this.#client.send(
          new ListPartsCommand({
            Bucket: bucket,
            Key: key,
            UploadId: uploadId,
            ...(marker !== undefined && { PartNumberMarker: marker }),
          }),
        )
        for (const { PartNumber = 0, ETag = '', Size = 0 } of page.Parts ?? []) {
          parts.push({ number: PartNumber, etag: ETag, sizeBytes: Size })
        }
        marker = page.IsTruncated === true ? page.NextPartNumberMarker : undefined
      } while (marker !== undefined)
      return parts
    } catch (error) {
      if (isMissing(error)) return undefined
      throw translateError(path, error)
    }
  }

  /**
   * A request that was sent again because its answer was lost finds its own object, or no upload any more: it has
   * succeeded then.
   */
  async #write(
    location: S3Location,
    { writer }: WriteOptions,
    send: () => Promise<unknown>,
  ): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await send()
        return
      } catch (error) {
        if (isConflict(error) && attempt < CONFLICT_ATTEMPTS) continue
        if (isPreconditionFailed(error) || isMissing(error)) {
          if ((await this.head(location))?.writer === writer) return
        }
        throw translateError(location.path, error)
      }
    }
  }
}
