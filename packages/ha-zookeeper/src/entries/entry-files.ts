import { createHash } from 'node:crypto'
import {
  FileNotFoundError,
  type FileSystem,
  FlinkError,
  type Logger,
  type Random,
} from '@flink-ts/core'
import { HaStorageError } from '../zookeeper-ha-errors.js'
import type { FilePointer } from './entry-value.js'

export interface EntryFilesOptions {
  readonly fileSystem: FileSystem
  /** Of the cluster's entries; need not exist yet. */
  readonly directory: string
  readonly random: Random
  readonly log: Logger
}

/** What {@link EntryFiles} calls a file: epoch of the term that wrote it, and chance. */
const NAME = /^(\d+)-[0-9a-f]{16}$/

/** Files with values that are too long for nodes. Each is written once, before the node that names it, and removed after it. */
export class EntryFiles {
  readonly #options: EntryFilesOptions
  readonly #removals = new Set<Promise<void>>()
  /** By the node that may name them, or have named them: whether they are new. */
  readonly #doubtful = new Map<string, Map<string, 'new' | 'former'>>()

  constructor(options: EntryFilesOptions) {
    this.#options = options
  }

  pathOf(file: string): string {
    return `${this.#options.directory}/${file}`
  }

  /**
   * Writes a new file, which is complete and safe when this resolves.
   *
   * @throws HaStorageError
   */
  async write(epoch: number, value: Uint8Array): Promise<FilePointer> {
    const { fileSystem, random } = this.#options
    const file = `${epoch}-${random.hex(8)}`
    const path = this.pathOf(file)
    try {
      const stream = await fileSystem.create(path, 'exclusive')
      try {
        await stream.write(value)
        await stream.sync()
      } finally {
        await stream.close()
      }
    } catch (error) {
      this.remove(file)
      throw new HaStorageError('write', path, error)
    }
    return { file, bytes: value.length, sha256: sha256Of(value) }
  }

  /**
   * @throws FlinkError (FLINK_HA_ENTRY_CORRUPT) naming the file if it is missing or is not the one that was written
   * @throws HaStorageError
   */
  async read({ file, bytes, sha256 }: FilePointer): Promise<Uint8Array> {
    const path = this.pathOf(file)
    let value: Uint8Array
    try {
      value = await readWhole(this.#options.fileSystem, path, bytes)
    } catch (error) {
      if (error instanceof FileNotFoundError) throw damaged(`its file ${path} is missing`, error)
      throw new HaStorageError('read', path, error)
    }
    if (value.length !== bytes) {
      throw damaged(`its file ${path} should have ${bytes} bytes and does not`)
    }
    if (sha256Of(value) !== sha256) {
      throw damaged(`its file ${path} is not the one that was written: the SHA-256 differs`)
    }
    return value
  }

  /** Removes a file that no node names any more, sooner or later: what cannot be removed is left to {@link sweep}. */
  remove(file: string): void {
    const { fileSystem, log } = this.#options
    const removal = fileSystem
      .delete(this.pathOf(file), { recursive: false })
      .then(
        () => {},
        (error) => {
          log.warn(
            'A file that nobody needs any more could not be removed; the next leader tries again',
            {
              file: this.pathOf(file),
              error,
            },
          )
        },
      )
      .finally(() => this.#removals.delete(removal))
    this.#removals.add(removal)
  }

  /**
   * Nobody knows whether a change of the node at `path` was made, which was to name the file (`new`), or not to name it any more
   * (`former`). One of the methods below removes it as soon as that is known, or {@link sweep} in the next term.
   */
  doubt(path: string, file: string | undefined, kind: 'new' | 'former'): void {
    if (file === undefined) return
    const files = this.#doubtful.get(path) ?? new Map()
    this.#doubtful.set(path, files.set(file, kind))
  }

  /** The node at `path` was changed, and names `named` now: no earlier change can be made any more. */
  changed(path: string, named?: string): void {
    const files = this.#doubtful.get(path)
    this.#doubtful.delete(path)
    for (const file of files?.keys() ?? []) if (file !== named) this.remove(file)
  }

  /** There is no node at `path`. */
  missing(path: string): void {
    const files = this.#doubtful.get(path) ?? new Map<string, string>()
    for (const [file, kind] of files) {
      if (kind !== 'former') continue
      files.delete(file)
      this.remove(file)
    }
    if (files.size === 0) this.#doubtful.delete(path)
  }

  /** The node at `path` and all below it were removed. */
  treeRemoved(path: string): void {
    for (const each of [...this.#doubtful.keys()]) {
      if (each === path || each.startsWith(`${path}/`)) this.changed(each)
    }
  }

  /** Names of the files of terms other than `epoch`. */
  async ofOtherTerms(epoch: number): Promise<string[]> {
    const { fileSystem, directory } = this.#options
    if (!(await fileSystem.exists(directory))) return []
    return (await fileSystem.list(directory))
      .map(({ path }) => path.slice(path.lastIndexOf('/') + 1))
      .filter((file) => {
        const match = NAME.exec(file)
        return match !== null && Number(match[1]) !== epoch
      })
  }

  /** Resolves when nothing is being removed. */
  async settled(): Promise<void> {
    while (this.#removals.size > 0) await Promise.all(this.#removals)
  }
}

/** One byte more is asked for, so that a file that has grown is seen. */
async function readWhole(fileSystem: FileSystem, path: string, bytes: number): Promise<Uint8Array> {
  const stream = await fileSystem.open(path)
  try {
    const target = new Uint8Array(bytes + 1)
    let filled = 0
    while (filled < target.length) {
      const count = await stream.read(target.subarray(filled), filled)
      if (count === 0) break
      filled += count
    }
    return target.subarray(0, filled)
  } finally {
    await stream.close()
  }
}

function sha256Of(value: Uint8Array): string {
  return createHash('sha256').update(value).digest('hex')
}

function damaged(why: string, cause?: unknown): FlinkError {
  return new FlinkError(why, { code: 'FLINK_HA_ENTRY_CORRUPT', cause })
}
