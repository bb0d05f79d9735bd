/* Adapter: files for what operators cannot keep in memory. Calls are synchronous: the record path is. */
import { closeSync, mkdirSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Configuration, CoreOptions, FlinkError, type Random } from '@flink-ts/core'
import type { SpillFile, SpillFiles } from '../operators/spill-files.js'

/** A temporary file could not be made, written or read. */
export class SpillFileError extends FlinkError {
  readonly path: string

  constructor(facts: { what: string; path: string; cause: unknown }) {
    super(
      `Cannot ${facts.what} the temporary file ${facts.path}: ${(facts.cause as Error).message}; ` +
        `${CoreOptions.TMP_DIRS.key} names folders for such files`,
      { code: 'FLINK_SPILL_FILE', cause: facts.cause },
    )
    this.path = facts.path
  }
}

/**
 * Files in the folders of `io.tmp.dirs`, in turns. A file has no name any more once it is open, so that the system
 * drops it with its last reader: with the operator that closes it, the thread, or the process, however they end.
 */
export class LocalSpillFiles implements SpillFiles {
  readonly #folders: readonly string[]
  readonly #random: Random
  #next: number

  constructor(folders: readonly string[], random: Random) {
    this.#folders = folders
    this.#random = random
    this.#next = 0
  }

  static configured(configuration: Configuration, random: Random): LocalSpillFiles {
    const configured = configuration.get(CoreOptions.TMP_DIRS)?.split(/[,:]/) ?? []
    const folders = configured.filter((folder) => folder !== '')
    return new LocalSpillFiles(folders.length === 0 ? [tmpdir()] : folders, random)
  }

  create(): SpillFile {
    const folder = this.#folders[this.#next++ % this.#folders.length]!
    const path = join(folder, `flink-io-${this.#random.hex(16)}.spill`)
    try {
      mkdirSync(folder, { recursive: true })
      const fd = openSync(path, 'wx+', 0o600)
      try {
        unlinkSync(path)
      } catch (error) {
        closeSync(fd)
        throw error
      }
      return new LocalSpillFile(fd, path)
    } catch (cause) {
      throw new SpillFileError({ what: 'make', path, cause })
    }
  }
}

class LocalSpillFile implements SpillFile {
  readonly #path: string
  #fd: number | undefined
  #size = 0

  constructor(fd: number, path: string) {
    this.#fd = fd
    this.#path = path
  }

  append(bytes: Uint8Array): number {
    const offset = this.#size
    try {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(this.#fd!, bytes, done, bytes.length - done, offset + done)
      }
    } catch (cause) {
      throw new SpillFileError({ what: 'write', path: this.#path, cause })
    }
    this.#size += bytes.length
    return offset
  }

  read(offset: number, target: Uint8Array): void {
    try {
      for (let done = 0; done < target.length; ) {
        const read = readSync(this.#fd!, target, done, target.length - done, offset + done)
        if (read === 0) throw new Error(`it ends at ${offset + done}`)
        done += read
      }
    } catch (cause) {
      throw new SpillFileError({ what: 'read', path: this.#path, cause })
    }
  }

  close(): void {
    if (this.#fd === undefined) return
    closeSync(this.#fd)
    this.#fd = undefined
  }
}
