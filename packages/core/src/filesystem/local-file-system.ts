import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  rmdir,
  stat,
} from 'node:fs/promises'
import { posix } from 'node:path'
import type { Random } from '../random/random.js'
import { FileAlreadyExistsError, FileNotFoundError, FileSystemError } from './file-errors.js'
import { inFormOf, localPartOf } from './file-path.js'
import type {
  FileCreation,
  FileInputStream,
  FileOutputStream,
  FileStatus,
  FileSystem,
  ResumableWriter,
} from './file-system.js'
import { PositionedOutputStream } from './positioned-output-stream.js'
import { TempFileResumableWriter } from './temp-file-resumable-writer.js'
import type { WritableFile, WritableFiles } from './writable-files.js'

/** The files of this machine: `file:///a/b` and plain absolute paths. */
export class LocalFileSystem implements FileSystem {
  readonly scheme = 'file'
  readonly #random: Random

  /** @param random for the names of temporary files */
  constructor(random: Random) {
    this.#random = random
  }

  async getFileStatus(path: string): Promise<FileStatus> {
    return statusOf(path, localPartOf(path, 'file'))
  }

  async exists(path: string): Promise<boolean> {
    const local = localPartOf(path, 'file')
    return (await ifThere(path, stat(local))) !== undefined
  }

  async list(path: string): Promise<FileStatus[]> {
    const local = localPartOf(path, 'file')
    const status = await statusOf(path, local)
    if (!status.isDirectory) return [status]
    const names = (await translated(path, readdir(local))).sort()
    const found = await Promise.all(
      // Gone since the folder was read, or a link to nowhere: not there.
      names.map((name) => ifNotFound(statusOf(path, posix.join(local, name)))),
    )
    return found.filter((child) => child !== undefined)
  }

  async open(path: string): Promise<FileInputStream> {
    const local = localPartOf(path, 'file')
    const handle = await translated(path, open(local, 'r'))
    if ((await handle.stat()).isDirectory()) {
      await handle.close()
      throw new FileSystemError(`Cannot read ${path}: it is a directory`, { path })
    }
    return new LocalInputStream(handle)
  }

  async create(
    path: string,
    mode: 'overwrite' | 'exclusive',
    creation?: FileCreation,
  ): Promise<FileOutputStream> {
    const local = localPartOf(path, 'file')
    return new PositionedOutputStream(await openForWriting(local, mode, creation))
  }

  async mkdirs(path: string, creation?: FileCreation): Promise<void> {
    const mode = creation?.permissions
    const options = { recursive: true, ...(mode === undefined ? {} : { mode }) } as const
    await translated(path, mkdir(localPartOf(path, 'file'), options))
  }

  async delete(path: string, options: { recursive: boolean }): Promise<boolean> {
    const local = localPartOf(path, 'file')
    const found = await ifThere(path, lstat(local))
    if (found === undefined) return false
    if (!found.isDirectory()) await translated(path, rm(local, { force: true }))
    else if (options.recursive) await translated(path, rm(local, { recursive: true, force: true }))
    else await translated(path, rmdir(local))
    return true
  }

  async rename(from: string, to: string): Promise<void> {
    await translated(from, rename(localPartOf(from, 'file'), localPartOf(to, 'file')))
  }

  createResumableWriter(): ResumableWriter {
    return new TempFileResumableWriter(localFiles, this.#random)
  }
}

const localFiles: WritableFiles = {
  resolve: (path) => localPartOf(path, 'file'),

  openForWriting: (path, mode) => openForWriting(path, mode),

  async openForReading(path) {
    return new LocalInputStream(await translated(path, open(path, 'r')))
  },

  async fileLength(path) {
    return (await ifThere(path, stat(path)))?.size
  },

  async namesIn(folder) {
    return (await ifThere(folder, readdir(folder))) ?? []
  },

  async moveDurably(from, to) {
    await translated(from, rename(from, to))
    const folder = await translated(to, open(posix.dirname(to), 'r'))
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  },

  async removeFile(path) {
    await translated(path, rm(path, { force: true }))
  },
}

async function openForWriting(
  path: string,
  mode: 'overwrite' | 'exclusive',
  creation?: FileCreation,
): Promise<WritableFile> {
  await makeFolderOf(path)
  const flag = { overwrite: 'w', exclusive: 'wx' }[mode]
  const handle = await translated(path, open(path, flag, creation?.permissions))
  return new LocalWritableFile(path, handle, creation?.modificationTimeMs)
}

/** Unless it is there. */
async function makeFolderOf(path: string): Promise<void> {
  const folder = posix.dirname(path)
  try {
    await mkdir(folder, { recursive: true })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' || code === 'ENOTDIR') {
      throw new FileSystemError(
        `Cannot create ${path}: ${folder} cannot be a folder, there is a file in its place`,
        { path, cause: error },
      )
    }
    await translated(path, Promise.reject(error))
  }
}

class LocalWritableFile implements WritableFile {
  readonly #path: string
  readonly #handle: FileHandle
  readonly #modificationTimeMs: number | undefined

  constructor(path: string, handle: FileHandle, modificationTimeMs: number | undefined) {
    this.#path = path
    this.#handle = handle
    this.#modificationTimeMs = modificationTimeMs
  }

  async write(bytes: Uint8Array, positionBytes: number): Promise<void> {
    let done = 0
    while (done < bytes.length) {
      const written = this.#handle.write(bytes, done, bytes.length - done, positionBytes + done)
      done += (await translated(this.#path, written)).bytesWritten
    }
  }

  async sync(): Promise<void> {
    await translated(this.#path, this.#handle.sync())
  }

  async close(): Promise<void> {
    try {
      if (this.#modificationTimeMs !== undefined) {
        // In the middle of its millisecond: seconds in floating point may be cut off to the one before.
        const seconds = (this.#modificationTimeMs + 0.5) / 1000
        await translated(this.#path, this.#handle.utimes(seconds, seconds))
      }
    } finally {
      await translated(this.#path, this.#handle.close())
    }
  }
}

class LocalInputStream implements FileInputStream {
  readonly #handle: FileHandle
  #closed = false

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    return (await this.#handle.read(target, 0, target.length, position)).bytesRead
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#handle.close()
  }
}

async function statusOf(asked: string, local: string): Promise<FileStatus> {
  const stats = await translated(asked, stat(local, { bigint: true }))
  return {
    path: inFormOf(asked, local, 'file'),
    isDirectory: stats.isDirectory(),
    lengthBytes: stats.isDirectory() ? 0n : stats.size,
    modificationTimeMs: Number(stats.mtimeMs),
    mode: Number(stats.mode & 0o7777n),
  }
}

async function translated<T>(path: string, operation: Promise<T>): Promise<T> {
  try {
    return await operation
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    // ENOTDIR: a file stands where the path needs a folder.
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new FileNotFoundError(path, error)
    if (code === 'EEXIST') throw new FileAlreadyExistsError(path, error)
    throw new FileSystemError(`An operation on ${path} failed: ${message}`, { path, cause: error })
  }
}

function ifThere<T>(path: string, operation: Promise<T>): Promise<T | undefined> {
  return ifNotFound(translated(path, operation))
}

async function ifNotFound<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation
  } catch (error) {
    if (error instanceof FileNotFoundError) return undefined
    throw error
  }
}
