import {
  FileAlreadyExistsError,
  type FileInputStream,
  FileNotFoundError,
  type FileOutputStream,
  type FileStatus,
  type FileSystem,
  FileSystemError,
  type Random,
  ReadAheadInputStream,
  type ResumableWriter,
} from '@flink-ts/core'
import { type S3Location, s3LocationOf } from './s3-location.js'
import type { S3Objects } from './s3-objects.js'
import { S3OutputStream } from './s3-output-stream.js'
import { S3ResumableWriter } from './s3-resumable-writer.js'

/** Larger objects cannot be copied by one request. */
const MOST_COPY_BYTES = 5 * 1024 ** 3

export interface S3FileSystemOptions {
  readonly random: Random
  /** `s3.upload.part-size` */
  readonly partSizeBytes: number
}

/**
 * Files in S3, `s3://bucket/key`, and in servers that speak its protocol. An object is there, whole, when its writer was closed or
 * committed, and never in part. Folders are there as long as something is in them; `mkdirs` puts an empty object there whose key ends
 * with a slash. There is no rename in S3: `rename` copies and deletes, object by object, and is not atomic; nothing of checkpoints uses it.
 */
export class S3FileSystem implements FileSystem {
  readonly scheme = 's3'
  readonly #objects: S3Objects
  readonly #options: S3FileSystemOptions

  constructor(objects: S3Objects, options: S3FileSystemOptions) {
    this.#objects = objects
    this.#options = options
  }

  async getFileStatus(path: string): Promise<FileStatus> {
    const location = s3LocationOf(path)
    const status = await this.#find(location)
    if (status === undefined) throw new FileNotFoundError(path)
    return status
  }

  async exists(path: string): Promise<boolean> {
    return (await this.#find(s3LocationOf(path))) !== undefined
  }

  async list(path: string): Promise<FileStatus[]> {
    const location = s3LocationOf(path)
    const status = await this.getFileStatus(path)
    if (!status.isDirectory) return [status]
    const prefix = prefixOf(location)
    const found: FileStatus[] = []
    const root = `s3://${location.bucket}`
    for await (const page of this.#objects.list(location, { prefix, folders: true })) {
      for (const { key, sizeBytes, modificationTimeMs } of page.objects) {
        if (key !== prefix) found.push(fileStatus(`${root}/${key}`, sizeBytes, modificationTimeMs))
      }
      for (const folder of page.folders) found.push(folderStatus(`${root}/${folder.slice(0, -1)}`))
    }
    return found.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  }

  async open(path: string): Promise<FileInputStream> {
    const location = s3LocationOf(path)
    const found = location.key === '' ? undefined : await this.#objects.head(location)
    if (found === undefined) {
      if ((await this.#find(location)) === undefined) throw new FileNotFoundError(path)
      throw new FileSystemError(`Cannot read ${path}: it is a directory`, { path })
    }
    const { sizeBytes, etag } = found
    return new ReadAheadInputStream(sizeBytes, (position, length) =>
      this.#objects.read(location, { position, length, etag }),
    )
  }

  async create(path: string, mode: 'overwrite' | 'exclusive'): Promise<FileOutputStream> {
    const location = s3LocationOf(path)
    const exclusive = mode === 'exclusive'
    // Early, for whoever asks; what decides is the condition of the request that makes the object.
    const status = await this.#find(location)
    if (exclusive && status !== undefined) throw new FileAlreadyExistsError(path)
    if (status?.isDirectory) {
      throw new FileSystemError(`Cannot write ${path}: it is a directory`, { path })
    }
    const { random, partSizeBytes } = this.#options
    const writer = random.uuid()
    return new S3OutputStream(this.#objects, location, { writer, exclusive, partSizeBytes })
  }

  async mkdirs(path: string): Promise<void> {
    const location = s3LocationOf(path)
    const status = await this.#find(location)
    if (status?.isDirectory === false) throw new FileAlreadyExistsError(path)
    if (status !== undefined) return
    const marker = { ...location, key: prefixOf(location) }
    const writer = this.#options.random.uuid()
    await this.#objects.put(marker, new Uint8Array(0), { writer, exclusive: false })
  }

  async delete(path: string, options: { recursive: boolean }): Promise<boolean> {
    const location = s3LocationOf(path)
    if (location.key === '') {
      throw new FileSystemError(`Cannot delete ${path}: it is a whole bucket`, { path })
    }
    const status = await this.#find(location)
    if (status === undefined) return false
    if (!status.isDirectory) {
      await this.#objects.delete(location)
      return true
    }
    if (!options.recursive && (await this.list(path)).length > 0) {
      throw new FileSystemError(`Cannot delete ${path}: the directory is not empty`, { path })
    }
    await this.#objects.deleteBelow(location, prefixOf(location))
    return true
  }

  async rename(from: string, to: string): Promise<void> {
    const source = s3LocationOf(from)
    const target = s3LocationOf(to)
    const status = await this.#find(source)
    if (status === undefined) throw new FileNotFoundError(from)
    if (source.path === target.path) return
    const occupant = await this.#find(target)
    if (!status.isDirectory) {
      if (occupant?.isDirectory) throw occupied(to)
      await this.#copy(source, target, Number(status.lengthBytes))
      await this.#objects.delete(source)
      return
    }
    if (occupant !== undefined || target.path.startsWith(`${source.path}/`)) throw occupied(to)
    const prefix = prefixOf(source)
    for await (const { objects } of this.#objects.list(source, { prefix, folders: false })) {
      for (const { key, sizeBytes } of objects) {
        const rest = key.slice(prefix.length)
        const one = { ...source, key, path: `s3://${source.bucket}/${key}` }
        await this.#copy(one, { ...target, key: prefixOf(target) + rest }, sizeBytes)
      }
    }
    await this.#objects.deleteBelow(source, prefix)
  }

  createResumableWriter(): ResumableWriter {
    return new S3ResumableWriter(this.#objects, this.#options)
  }

  async #find(location: S3Location): Promise<FileStatus | undefined> {
    if (location.key !== '') {
      const found = await this.#objects.head(location)
      if (found !== undefined) {
        return fileStatus(location.path, found.sizeBytes, found.modificationTimeMs)
      }
    }
    const prefix = prefixOf(location)
    for await (const page of this.#objects.list(location, { prefix, folders: false, most: 1 })) {
      if (page.objects.length > 0 || prefix === '') return folderStatus(location.path)
      break
    }
    return undefined
  }

  async #copy(from: S3Location, to: S3Location, sizeBytes: number): Promise<void> {
    if (sizeBytes > MOST_COPY_BYTES) {
      throw new FileSystemError(
        `Cannot rename ${from.path}: S3 has no rename, and an object of ${sizeBytes} bytes is too large to be copied at once`,
        { path: from.path },
      )
    }
    await this.#objects.copy(from, to)
  }
}

/** What the keys of all begin with that is in a folder. */
function prefixOf({ key }: S3Location): string {
  return key === '' ? '' : `${key}/`
}

function fileStatus(path: string, sizeBytes: number, modificationTimeMs: number): FileStatus {
  return {
    path,
    isDirectory: false,
    lengthBytes: BigInt(sizeBytes),
    modificationTimeMs,
    mode: 0o644,
  }
}

function folderStatus(path: string): FileStatus {
  return { path, isDirectory: true, lengthBytes: 0n, modificationTimeMs: 0, mode: 0o755 }
}

function occupied(to: string): FileSystemError {
  return new FileSystemError(`Cannot rename to ${to}: something else is there`, { path: to })
}
