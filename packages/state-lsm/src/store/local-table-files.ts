/* Adapter: the files of a store on a local disk. */
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { StateFileError } from './state-file-error.js'
import type { TableFileReader, TableFiles, TableFileWriter } from './table-files.js'

/** The files of a store in a folder of its own on a local disk, which is made and removed with it. */
export class LocalTableFiles implements TableFiles {
  readonly #directory: string

  /** @throws StateFileError (FLINK_STATE_FILE), also if the folder is there: it is somebody else's */
  constructor(directory: string) {
    this.#directory = directory
    attempt('make the folder', directory, () => mkdirSync(directory, { mode: 0o700 }))
  }

  create(name: string): TableFileWriter {
    const path = join(this.#directory, name)
    const file = attempt('make', path, () => openSync(path, 'wx', 0o600))
    return {
      write: (bytes) =>
        attempt('write', path, () => {
          for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
        }),
      close: () => closeSync(file),
    }
  }

  open(name: string): TableFileReader {
    const path = join(this.#directory, name)
    const file = attempt('open', path, () => openSync(path, 'r'))
    return {
      read: (target, start, length, position) => {
        try {
          for (let done = 0; done < length; ) {
            const read = readSync(file, target, start + done, length - done, position + done)
            if (read === 0) throw new Error(`it ends at ${position + done}`)
            done += read
          }
        } catch (cause) {
          throw new StateFileError('read', path, cause)
        }
      },
      close: () => closeSync(file),
    }
  }

  delete(name: string): void {
    const path = join(this.#directory, name)
    attempt('remove', path, () => unlinkSync(path))
  }

  pathOf(name: string): string {
    return join(this.#directory, name)
  }

  adopt(path: string, name: string): boolean {
    try {
      linkSync(path, this.pathOf(name))
      return true
    } catch {
      // On another disk, or one without links: it is copied.
      return false
    }
  }

  close(): void {
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

function attempt<R>(what: string, path: string, action: () => R): R {
  try {
    return action()
  } catch (cause) {
    throw new StateFileError(what, path, cause)
  }
}
