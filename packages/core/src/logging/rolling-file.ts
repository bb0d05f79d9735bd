import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'

/**
 * A log file that starts anew at a size and keeps the old ones as `<name>.1` (newest) to `.<n>`.
 * Writes are synchronous: lines are few, and the last ones before a crash are those that matter.
 */
export class RollingFile {
  readonly #path: string
  readonly #maxBytes: number
  readonly #maxFiles: number
  #fd: number
  #bytes: number

  /**
   * @param maxFiles how many old files are kept
   * @throws Error of the file system if the file cannot be opened
   */
  constructor(path: string, options: { maxBytes: number; maxFiles: number }) {
    this.#path = path
    this.#maxBytes = options.maxBytes
    this.#maxFiles = options.maxFiles
    mkdirSync(dirname(path), { recursive: true })
    this.#fd = openSync(path, 'a', 0o644)
    this.#bytes = fstatSync(this.#fd).size
    // Each run has a file of its own, as with Flink's log configuration.
    if (this.#bytes > 0) this.#roll()
  }

  write(text: string): void {
    const bytes = Buffer.from(text, 'utf8')
    if (this.#bytes > 0 && this.#bytes + bytes.length > this.#maxBytes) this.#roll()
    let offset = 0
    while (offset < bytes.length) offset += writeSync(this.#fd, bytes, offset)
    this.#bytes += bytes.length
  }

  close(): void {
    if (this.#fd === -1) return
    fsyncSync(this.#fd)
    closeSync(this.#fd)
    this.#fd = -1
  }

  #roll(): void {
    closeSync(this.#fd)
    const old = (n: number) => `${this.#path}.${n}`
    rmSync(old(this.#maxFiles), { force: true })
    for (let n = this.#maxFiles - 1; n >= 1; n--) moveIfThere(old(n), old(n + 1))
    if (this.#maxFiles > 0) moveIfThere(this.#path, old(1))
    else rmSync(this.#path, { force: true })
    this.#fd = openSync(this.#path, 'a', 0o644)
    this.#bytes = 0
  }
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
