import type { Random } from '../random/random.js'
import { FileNotFoundError, FileSystemError } from './file-errors.js'
import type { RecoverableOutputStream, ResumableWriter, ResumeRecoverable } from './file-system.js'
import type { WritableFile, WritableFiles } from './writable-files.js'

interface State {
  readonly target: string
  readonly temp: string
  readonly positionBytes: number
}

/** Writes to a hidden file beside the target and renames it at commit: for file systems whose rename is atomic. */
export class TempFileResumableWriter implements ResumableWriter {
  readonly #files: WritableFiles
  readonly #random: Random

  constructor(files: WritableFiles, random: Random) {
    this.#files = files
    this.#random = random
  }

  async open(path: string): Promise<RecoverableOutputStream> {
    const target = this.#files.resolve(path)
    const nameAt = target.lastIndexOf('/') + 1
    const name = `.${target.slice(nameAt)}.inprogress.${this.#random.uuid()}`
    const temp = target.slice(0, nameAt) + name
    const file = await this.#files.openForWriting(temp, 'exclusive')
    return new TempFileStream(this.#files, file, { target, temp, positionBytes: 0 })
  }

  async recover(state: ResumeRecoverable): Promise<RecoverableOutputStream> {
    const from = parseState(state)
    const file = await this.#files.openForWriting(from.temp, 'existing')
    try {
      checkLength(from, await file.length())
      // What was written after the state was taken will be written again.
      await file.truncate(from.positionBytes)
    } catch (error) {
      await file.close()
      throw error
    }
    return new TempFileStream(this.#files, file, from)
  }

  async commit(state: ResumeRecoverable): Promise<void> {
    const from = parseState(state)
    const length = await this.#files.fileLength(from.temp)
    if (length === undefined) {
      if ((await this.#files.fileLength(from.target)) !== undefined) return
      throw new FileNotFoundError(from.temp)
    }
    checkLength(from, length)
    if (length > from.positionBytes) {
      const file = await this.#files.openForWriting(from.temp, 'existing')
      try {
        await file.truncate(from.positionBytes)
        await file.sync()
      } finally {
        await file.close()
      }
    }
    await this.#files.moveDurably(from.temp, from.target)
  }

  async cleanup(state: ResumeRecoverable): Promise<void> {
    await this.#files.removeFile(parseState(state).temp)
  }
}

class TempFileStream implements RecoverableOutputStream {
  readonly #files: WritableFiles
  readonly #file: WritableFile
  readonly #paths: State
  #position: number
  #closed = false

  constructor(files: WritableFiles, file: WritableFile, state: State) {
    this.#files = files
    this.#file = file
    this.#paths = state
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
    const state: State = { ...this.#paths, positionBytes: this.#position }
    await this.#file.sync()
    return { ...state }
  }

  async closeForCommit(): Promise<ResumeRecoverable> {
    const state = await this.persist()
    await this.#close()
    return state
  }

  async discard(): Promise<void> {
    await this.#close()
    await this.#files.removeFile(this.#paths.temp)
  }

  async #close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#file.close()
  }
}

function parseState(state: ResumeRecoverable): State {
  const { target, temp, positionBytes } = state
  if (
    typeof target !== 'string' ||
    typeof temp !== 'string' ||
    typeof positionBytes !== 'number' ||
    !Number.isSafeInteger(positionBytes) ||
    positionBytes < 0
  ) {
    throw new FileSystemError(
      'Cannot go on with a file: its stored state is not one of this writer',
      {
        path: String(target),
      },
    )
  }
  return { target, temp, positionBytes }
}

function checkLength(state: State, length: number): void {
  if (length >= state.positionBytes) return
  throw new FileSystemError(
    `Cannot go on with ${state.temp}: it has ${length} bytes, but ${state.positionBytes} were persisted`,
    { path: state.temp },
  )
}
