import type { Random } from '../random/random.js'
import { FileNotFoundError, FileSystemError } from './file-errors.js'
import type { RecoverableOutputStream, ResumableWriter, ResumeRecoverable } from './file-system.js'
import type { WritableFile, WritableFiles } from './writable-files.js'

const COPY_BYTES = 1024 * 1024
/** What is behind the name of a file that nobody may remove or rename: a savepoint has it. */
const KEPT = '.kept'

interface State {
  readonly target: string
  /** Where the bytes are. */
  readonly temp: string
  /** What the names of all files begin with that were made for this one. */
  readonly prefix: string
  readonly positionBytes: number
  /** Its writer has ended: nobody writes into `temp` any more. */
  readonly closed: boolean
}

/**
 * Writes to a hidden file beside the target and renames it at commit: for file systems whose rename is atomic.
 *
 * A writer that was given up may not know it and write on, for as long as its process lives. So nobody goes on with its
 * file: `recover` copies what was persisted into another one, and so does `commit` of a stream that was not closed. An empty
 * file beside it marks one that a savepoint has.
 */
export class TempFileResumableWriter implements ResumableWriter {
  readonly #files: WritableFiles
  readonly #random: Random

  constructor(files: WritableFiles, random: Random) {
    this.#files = files
    this.#random = random
  }

  async open(path: string): Promise<RecoverableOutputStream> {
    const state = this.#newFile(path)
    const file = await this.#files.openForWriting(state.temp, 'exclusive')
    return this.#streamOf(file, state)
  }

  async recover(given: ResumeRecoverable, path?: string): Promise<RecoverableOutputStream> {
    const state = parseState(given)
    await this.#requireTemp(state)
    const { target, prefix, temp } =
      path === undefined ? { ...state, temp: this.#anotherOf(state) } : this.#newFile(path)
    const { positionBytes } = state
    const file = await this.#copy(state, temp)
    return this.#streamOf(file, { target, prefix, temp, positionBytes, closed: false })
  }

  async keep(given: ResumeRecoverable): Promise<void> {
    const state = parseState(given)
    await this.#requireTemp(state)
    const mark = await this.#files.openForWriting(state.temp + KEPT, 'overwrite')
    try {
      await mark.sync()
    } finally {
      await mark.close()
    }
  }

  async commit(given: ResumeRecoverable): Promise<void> {
    const state = parseState(given)
    const { target, temp, positionBytes, closed, prefix } = state
    const isCommitted =
      (await this.#files.fileLength(temp)) === undefined &&
      (await this.#files.fileLength(target)) !== undefined
    if (!isCommitted) {
      const length = await this.#requireTemp(state)
      let whole = temp
      if (!closed || length > positionBytes || (await this.#isKept(temp))) {
        whole = this.#anotherOf(state)
        const copy = await this.#copy(state, whole)
        await copy.close()
      }
      await this.#files.moveDurably(whole, target)
    }
    await this.#removeAll(prefix)
  }

  async cleanup(state: ResumeRecoverable): Promise<void> {
    await this.#removeAll(parseState(state).prefix)
  }

  /** @returns its length */
  async #requireTemp({ temp, positionBytes }: State): Promise<number> {
    const length = await this.#files.fileLength(temp)
    if (length === undefined) throw new FileNotFoundError(temp)
    if (length >= positionBytes) return length
    throw new FileSystemError(
      `Cannot go on with ${temp}: it has ${length} bytes, but ${positionBytes} were persisted`,
      { path: temp },
    )
  }

  #newFile(path: string): State {
    const target = this.#files.resolve(path)
    const nameAt = target.lastIndexOf('/') + 1
    const name = `.${target.slice(nameAt)}.inprogress.${this.#random.uuid()}`
    const prefix = target.slice(0, nameAt) + name
    return { target, temp: prefix, prefix, positionBytes: 0, closed: false }
  }

  #anotherOf({ prefix }: State): string {
    return `${prefix}.${this.#random.uuid()}`
  }

  #streamOf(file: WritableFile, state: State): RecoverableOutputStream {
    return new TempFileStream(file, state, () => this.#removeAll(state.prefix))
  }

  async #isKept(temp: string): Promise<boolean> {
    return (await this.#files.fileLength(temp + KEPT)) !== undefined
  }

  /** @returns `temp`, with what was persisted, durable, and open behind it */
  async #copy({ temp: from, positionBytes }: State, temp: string): Promise<WritableFile> {
    const file = await this.#files.openForWriting(temp, 'exclusive')
    try {
      const source = await this.#files.openForReading(from)
      try {
        for (let at = 0; at < positionBytes; ) {
          // A new one each time: the file may keep it until it is written.
          const chunk = new Uint8Array(Math.min(COPY_BYTES, positionBytes - at))
          const read = await source.read(chunk, at)
          if (read === 0) throw new FileSystemError(`${from} ends too early`, { path: from })
          await file.write(chunk.subarray(0, read), at)
          at += read
        }
      } finally {
        await source.close()
      }
      await file.sync()
    } catch (error) {
      await file.close()
      await this.#files.removeFile(temp)
      throw error
    }
    return file
  }

  async #removeAll(prefix: string): Promise<void> {
    const nameAt = prefix.lastIndexOf('/') + 1
    const folder = prefix.slice(0, nameAt)
    const name = prefix.slice(nameAt)
    const all = (await this.#files.namesIn(folder)).filter((other) => other.startsWith(name))
    const marks = all.filter((other) => other.endsWith(KEPT))
    const kept = new Set([...marks, ...marks.map((mark) => mark.slice(0, -KEPT.length))])
    for (const other of all) {
      if (!kept.has(other)) await this.#files.removeFile(folder + other)
    }
  }
}

class TempFileStream implements RecoverableOutputStream {
  readonly #file: WritableFile
  readonly #state: State
  readonly #removeAll: () => Promise<void>
  #position: number
  #closed = false

  constructor(file: WritableFile, state: State, removeAll: () => Promise<void>) {
    this.#file = file
    this.#state = state
    this.#removeAll = removeAll
    this.#position = state.positionBytes
  }

  get positionBytes(): bigint {
    return BigInt(this.#position)
  }

  async write(bytes: Uint8Array): Promise<void> {
    const at = this.#position
    this.#position += bytes.length
    await this.#file.write(bytes, at)
  }

  async persist(): Promise<ResumeRecoverable> {
    const state: State = { ...this.#state, positionBytes: this.#position }
    await this.#file.sync()
    return { ...state }
  }

  async closeForCommit(): Promise<ResumeRecoverable> {
    const state = await this.persist()
    await this.#close()
    return { ...state, closed: true }
  }

  async discard(): Promise<void> {
    await this.#close()
    await this.#removeAll()
  }

  async #close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#file.close()
  }
}

function parseState(state: ResumeRecoverable): State {
  const { target, temp, prefix, positionBytes, closed } = state as Partial<State>
  if (
    typeof target === 'string' &&
    typeof temp === 'string' &&
    typeof prefix === 'string' &&
    temp.startsWith(prefix) &&
    Number.isSafeInteger(positionBytes) &&
    positionBytes! >= 0
  ) {
    return { target, temp, prefix, positionBytes: positionBytes!, closed: closed === true }
  }
  throw new FileSystemError(
    'Cannot go on with a file: its stored state is not one of this writer',
    { path: String(target) },
  )
}
