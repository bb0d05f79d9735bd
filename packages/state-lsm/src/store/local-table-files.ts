import { closeSync, mkdirSync, openSync, readSync, rmSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { TableFileReader, TableFiles, TableFileWriter } from './table-files.js'

/** The files of a store in a folder of its own on a local disk, which is made and removed with it. */
export class LocalTableFiles implements TableFiles {
  readonly #directory: string

  /** @throws Error (EEXIST) if the folder is there: it is somebody else's */
  constructor(directory: string) {
    this.#directory = directory
    mkdirSync(directory, { recursive: false, mode: 0o700 })
  }

  create(name: string): TableFileWriter {
    const file = openSync(join(this.#directory, name), 'wx')
    return {
      write: (bytes) => {
        for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
      },
      close: () => closeSync(file),
    }
  }

  open(name: string): TableFileReader {
    const path = join(this.#directory, name)
    const file = openSync(path, 'r')
    return {
      read: (target, start, length, position) => {
        for (let done = 0; done < length; ) {
          const read = readSync(file, target, start + done, length - done, position + done)
          if (read === 0) throw new Error(`${path} ends at ${position + done}`)
          done += read
        }
      },
      close: () => closeSync(file),
    }
  }

  delete(name: string): void {
    unlinkSync(join(this.#directory, name))
  }

  close(): void {
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
