import {
  FileAlreadyExistsError,
  type FileCreation,
  type FileInputStream,
  FileNotFoundError,
  type FileOutputStream,
  type FileStatus,
  type FileSystem,
  FileSystemError,
  PositionedOutputStream,
  type Random,
  ReadAheadInputStream,
  type ResumableWriter,
  TempFileResumableWriter,
  type WritableFiles,
} from '@flink-ts/core'
import { isHeldByOther, WebHdfsError } from './remote-exception.js'
import type { WebHdfsClient } from './web-hdfs-client.js'
import { WebHdfsFile } from './web-hdfs-file.js'
import { type WebHdfsLocation, webHdfsLocationOf } from './web-hdfs-location.js'

interface FileStatusJson {
  readonly pathSuffix: string
  readonly type: 'FILE' | 'DIRECTORY' | 'SYMLINK'
  readonly length: number
  readonly modificationTime: number
  readonly permission: string
}

export interface WebHdfsFileSystemOptions {
  /** `hdfs`, `webhdfs` or `swebhdfs`. */
  readonly scheme: string
  readonly client: WebHdfsClient
  /** For the names of temporary files. */
  readonly random: Random
}

/** Files in HDFS, by WebHDFS: `hdfs://host/path` and the like. */
export class WebHdfsFileSystem implements FileSystem {
  readonly scheme: string
  readonly #client: WebHdfsClient
  readonly #random: Random
  readonly #writable: WritableFiles

  constructor({ scheme, client, random }: WebHdfsFileSystemOptions) {
    this.scheme = scheme
    this.#client = client
    this.#random = random
    this.#writable = {
      resolve: (path) => this.#locate(path).path,
      openForWriting: (path, mode) => this.#openForWriting(path, mode),
      openForReading: (path) => this.open(path),
      fileLength: (path) => this.#fileLength(path),
      namesIn: async (folder) => {
        const found = await ifThere(this.list(folder))
        return found?.map(({ path }) => path.slice(path.lastIndexOf('/') + 1)) ?? []
      },
      moveDurably: (from, to) => this.rename(from, to),
      removeFile: async (path) => void (await this.delete(path, { recursive: false })),
    }
  }

  async getFileStatus(path: string): Promise<FileStatus> {
    const location = this.#locate(path)
    return statusOf(location.path, await this.#status(location))
  }

  async exists(path: string): Promise<boolean> {
    return (await ifThere(this.#status(this.#locate(path)))) !== undefined
  }

  async list(path: string): Promise<FileStatus[]> {
    const location = this.#locate(path)
    const answer = (await this.#client.ask(location, { method: 'GET', op: 'LISTSTATUS' })) as {
      FileStatuses: { FileStatus: readonly FileStatusJson[] }
    }
    const folder = location.path.endsWith('/') ? location.path : `${location.path}/`
    return answer.FileStatuses.FileStatus.map((json) =>
      statusOf(json.pathSuffix === '' ? location.path : `${folder}${json.pathSuffix}`, json),
    ).sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  }

  async open(path: string): Promise<FileInputStream> {
    const location = this.#locate(path)
    const { type, length } = await this.#status(location)
    if (type === 'DIRECTORY') {
      throw new FileSystemError(`Cannot read ${path}: it is a directory`, { path })
    }
    return new ReadAheadInputStream(length, (position, bytes) =>
      this.#client.read(location, { position, length: bytes }),
    )
  }

  async create(
    path: string,
    mode: 'overwrite' | 'exclusive',
    creation?: FileCreation,
  ): Promise<FileOutputStream> {
    return new PositionedOutputStream(await this.#openForWriting(path, mode, creation))
  }

  async mkdirs(path: string, creation?: FileCreation): Promise<void> {
    const location = this.#locate(path)
    const parameters = permissionOf(creation)
    try {
      const answer = await this.#client.ask(location, { method: 'PUT', op: 'MKDIRS', parameters })
      if (isTrue(answer)) return
    } catch (error) {
      // A file stands in its way.
      if (!(error instanceof FileNotFoundError)) throw error
      throw new FileAlreadyExistsError(path, error)
    }
    throw new FileSystemError(`Cannot make the directory ${path}: HDFS did not`, { path })
  }

  async delete(path: string, options: { recursive: boolean }): Promise<boolean> {
    const { recursive } = options
    const operation = { method: 'DELETE', op: 'DELETE', parameters: { recursive } } as const
    return isTrue(await this.#client.ask(this.#locate(path), operation))
  }

  async rename(from: string, to: string): Promise<void> {
    const target = this.#locate(to)
    const source = this.#locate(from)
    if (source.authority !== target.authority) {
      throw new FileSystemError(`Cannot rename ${from} to ${to}: they are on different clusters`, {
        path: from,
      })
    }
    const parameters = { destination: target.hdfsPath, renameoptions: 'OVERWRITE' }
    const operation = { method: 'PUT', op: 'RENAME', parameters } as const
    const answer = await this.#client.ask(source, operation)
    // With options HDFS says nothing; without them, as gateways may be, whether it did.
    if (answer === undefined || isTrue(answer)) return
    throw new FileSystemError(`Cannot rename ${from} to ${to}: HDFS did not`, { path: from })
  }

  createResumableWriter(): ResumableWriter {
    return new TempFileResumableWriter(this.#writable, this.#random)
  }

  #locate(path: string): WebHdfsLocation {
    return webHdfsLocationOf(path, this.scheme)
  }

  async #status(location: WebHdfsLocation): Promise<FileStatusJson> {
    const answer = await this.#client.ask(location, { method: 'GET', op: 'GETFILESTATUS' })
    return (answer as { FileStatus: FileStatusJson }).FileStatus
  }

  async #openForWriting(
    path: string,
    mode: 'overwrite' | 'exclusive',
    creation?: FileCreation,
  ): Promise<WebHdfsFile> {
    const location = this.#locate(path)
    // Empty at first, so that it is known at once whose file it is; parents are made.
    const parameters = {
      overwrite: mode === 'overwrite',
      ...permissionOf(creation),
      ...(creation?.replication === undefined ? {} : { replication: creation.replication }),
    }
    const operation = { method: 'PUT', op: 'CREATE', parameters } as const
    const create = async (bytes: Uint8Array) => {
      try {
        await this.#client.send(location, operation, bytes)
      } catch (error) {
        // Its writer has it open: it is there.
        const isOpen = error instanceof WebHdfsError && isHeldByOther(error.remote)
        if (mode === 'exclusive' && isOpen) throw new FileAlreadyExistsError(path, error)
        const isThere = mode === 'overwrite' && error instanceof FileAlreadyExistsError
        if (!isThere) throw error
        throw new FileSystemError(`Cannot write ${path}: it is a directory`, { path, cause: error })
      }
    }
    const finish = async () => {
      if (creation?.modificationTimeMs === undefined) return
      const parameters = { modificationtime: creation.modificationTimeMs }
      await this.#client.ask(location, { method: 'PUT', op: 'SETTIMES', parameters })
    }
    if (creation?.isDeferred) return new WebHdfsFile(this.#client, location, { create, finish })
    await create(new Uint8Array(0))
    return new WebHdfsFile(this.#client, location, { finish })
  }

  async #fileLength(path: string): Promise<number | undefined> {
    return (await ifThere(this.#status(this.#locate(path))))?.length
  }
}

function permissionOf(creation: FileCreation | undefined): { permission?: string } {
  const permissions = creation?.permissions
  return permissions === undefined ? {} : { permission: permissions.toString(8) }
}

function statusOf(
  path: string,
  { type, length, modificationTime, permission }: FileStatusJson,
): FileStatus {
  return {
    path,
    isDirectory: type === 'DIRECTORY',
    lengthBytes: BigInt(length),
    modificationTimeMs: modificationTime,
    mode: Number.parseInt(permission, 8),
  }
}

function isTrue(answer: unknown): boolean {
  return (answer as { boolean?: unknown } | undefined)?.boolean === true
}

async function ifThere<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation
  } catch (error) {
    if (error instanceof FileNotFoundError) return undefined
    throw error
  }
}
