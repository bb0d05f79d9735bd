import { posix } from 'node:path'
import type { Clock } from '../clock/clock.js'
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

interface MemoryFile {
  bytes: Uint8Array
  length: number
  modificationTimeMs: number
  readonly permissions: number
}

interface MemoryDirectory {
  modificationTimeMs: number
  readonly permissions: number
}

const FILE_PERMISSIONS = 0o644
const DIRECTORY_PERMISSIONS = 0o755

export interface InMemoryFileSystemOptions {
  /** Source of modification times. */
  readonly clock: Clock
  /** Source of the names of temporary files. */
  readonly random: Random
  /** Default `memory`; `file` lets a simulation stand in for {@link LocalFileSystem}. */
  readonly scheme?: string
}

/** Files in this process, for simulations and tests: nothing but the given clock and randomness matters. */
export class InMemoryFileSystem implements FileSystem {
  readonly scheme: string
  readonly #clock: Clock
  readonly #random: Random
  readonly #files = new Map<string, MemoryFile>()
  readonly #directories = new Map<string, MemoryDirectory>([
    ['/', { modificationTimeMs: 0, permissions: DIRECTORY_PERMISSIONS }],
  ])
  readonly #writable: WritableFiles

  constructor(options: InMemoryFileSystemOptions) {
    this.scheme = options.scheme ?? 'memory'
    this.#clock = options.clock
    this.#random = options.random
    this.#writable = {
      resolve: (path) => localPartOf(path, this.scheme),
      openForWriting: async (path, mode) => this.#openForWriting(path, mode),
      openForReading: (path) => this.open(inFormOf(`${this.scheme}:/`, path, this.scheme)),
      fileLength: async (path) => this.#files.get(path)?.length,
      namesIn: async (folder) => {
        const path = folder === '/' ? folder : folder.slice(0, -1)
        return this.#below(path).map((below) => below.slice(folder.length))
      },
      moveDurably: async (from, to) => this.#move(from, to),
      removeFile: async (path) => void this.#files.delete(path),
    }
  }

  async getFileStatus(path: string): Promise<FileStatus> {
    return this.#status(path, localPartOf(path, this.scheme))
  }

  async exists(path: string): Promise<boolean> {
    return this.#has(localPartOf(path, this.scheme))
  }

  async list(path: string): Promise<FileStatus[]> {
    const local = localPartOf(path, this.scheme)
    const status = this.#status(path, local)
    if (!status.isDirectory) return [status]
    return this.#below(local)
      .filter((child) => posix.dirname(child) === local)
      .sort()
      .map((child) => this.#status(path, child))
  }

  async open(path: string): Promise<FileInputStream> {
    const local = localPartOf(path, this.scheme)
    if (this.#directories.has(local)) {
      throw new FileSystemError(`Cannot read ${path}: it is a directory`, { path })
    }
    const file = this.#files.get(local)
    if (file === undefined) throw new FileNotFoundError(path)
    return {
      async read(target, position) {
        const part = file.bytes.subarray(position, Math.min(file.length, position + target.length))
        target.set(part)
        return part.length
      },
      async close() {},
    }
  }

  async create(
    path: string,
    mode: 'overwrite' | 'exclusive',
    creation?: FileCreation,
  ): Promise<FileOutputStream> {
    const local = localPartOf(path, this.scheme)
    return new PositionedOutputStream(
      this.#openForWriting(local, mode, { ...creation, asked: path }),
    )
  }

  async mkdirs(path: string, creation?: FileCreation): Promise<void> {
    this.#makeDirectories(localPartOf(path, this.scheme), path, creation?.permissions)
  }

  async delete(path: string, options: { recursive: boolean }): Promise<boolean> {
    const local = localPartOf(path, this.scheme)
    if (this.#files.delete(local)) return true
    if (!this.#directories.has(local)) return false
    const below = this.#below(local)
    if (below.length > 0 && !options.recursive) {
      throw new FileSystemError(`Cannot delete ${path}: the directory is not empty`, { path })
    }
    for (const child of below) {
      this.#files.delete(child)
      this.#directories.delete(child)
    }
    if (local !== '/') this.#directories.delete(local)
    return true
  }

  async rename(from: string, to: string): Promise<void> {
    this.#move(localPartOf(from, this.scheme), localPartOf(to, this.scheme), from)
  }

  createResumableWriter(): ResumableWriter {
    return new TempFileResumableWriter(this.#writable, this.#random)
  }

  #has(local: string): boolean {
    return this.#files.has(local) || this.#directories.has(local)
  }

  #below(directory: string): string[] {
    const prefix = directory === '/' ? '/' : `${directory}/`
    const all = [...this.#files.keys(), ...this.#directories.keys()]
    return all.filter((path) => path.startsWith(prefix) && path !== directory)
  }

  #status(asked: string, local: string): FileStatus {
    const file = this.#files.get(local)
    const found = file ?? this.#directories.get(local)
    if (found === undefined) throw new FileNotFoundError(asked)
    return {
      path: inFormOf(asked, local, this.scheme),
      isDirectory: file === undefined,
      lengthBytes: BigInt(file?.length ?? 0),
      modificationTimeMs: found.modificationTimeMs,
      mode: found.permissions,
    }
  }

  #makeDirectories(local: string, asked = local, permissions = DIRECTORY_PERMISSIONS): void {
    if (this.#files.has(local)) throw new FileAlreadyExistsError(asked)
    if (this.#directories.has(local)) return
    this.#makeDirectories(posix.dirname(local), asked, permissions)
    this.#directories.set(local, { modificationTimeMs: this.#clock.now(), permissions })
  }

  #openForWriting(
    local: string,
    mode: 'overwrite' | 'exclusive',
    how: FileCreation & { readonly asked?: string } = {},
  ): WritableFile {
    const { asked = local, permissions = FILE_PERMISSIONS } = how
    if (this.#directories.has(local)) {
      if (mode === 'exclusive') throw new FileAlreadyExistsError(asked)
      throw new FileSystemError(`Cannot write ${asked}: it is a directory`, { path: asked })
    }
    if (mode === 'exclusive' && this.#files.has(local)) throw new FileAlreadyExistsError(asked)
    this.#makeDirectories(posix.dirname(local), asked)
    const modificationTimeMs = this.#clock.now()
    const file = { bytes: new Uint8Array(0), length: 0, modificationTimeMs, permissions }
    this.#files.set(local, file)
    return new MemoryWritableFile(file, this.#clock, how.modificationTimeMs)
  }

  #move(from: string, to: string, asked = from): void {
    const file = this.#files.get(from)
    if (file === undefined && !this.#directories.has(from)) throw new FileNotFoundError(asked)
    if (!this.#directories.has(posix.dirname(to))) throw new FileNotFoundError(to)
    if (from === to) return
    if (file !== undefined) {
      if (this.#directories.has(to)) throw occupied(to)
      this.#files.delete(from)
      this.#files.set(to, file)
      return
    }
    if (to.startsWith(`${from}/`) || this.#files.has(to) || this.#below(to).length > 0) {
      throw occupied(to)
    }
    for (const path of [from, ...this.#below(from)]) {
      const target = to + path.slice(from.length)
      const moved = this.#files.get(path)
      if (moved !== undefined) this.#files.set(target, moved)
      else this.#directories.set(target, this.#directories.get(path)!)
      this.#files.delete(path)
      this.#directories.delete(path)
    }
  }
}

function occupied(to: string): FileSystemError {
  return new FileSystemError(`Cannot rename to ${to}: something else is there`, { path: to })
}

class MemoryWritableFile implements WritableFile {
  readonly #file: MemoryFile
  readonly #clock: Clock
  readonly #modificationTimeMs: number | undefined

  constructor(file: MemoryFile, clock: Clock, modificationTimeMs: number | undefined) {
    this.#file = file
    this.#clock = clock
    this.#modificationTimeMs = modificationTimeMs
  }

  async write(bytes: Uint8Array, positionBytes: number): Promise<void> {
    const file = this.#file
    const end = positionBytes + bytes.length
    if (end > file.bytes.length) {
      const grown = new Uint8Array(Math.max(end, file.bytes.length * 2, 256))
      grown.set(file.bytes.subarray(0, file.length))
      file.bytes = grown
    }
    file.bytes.set(bytes, positionBytes)
    file.length = Math.max(file.length, end)
    file.modificationTimeMs = this.#clock.now()
  }

  async sync(): Promise<void> {}

  async close(): Promise<void> {
    this.#file.modificationTimeMs = this.#modificationTimeMs ?? this.#file.modificationTimeMs
  }
}
