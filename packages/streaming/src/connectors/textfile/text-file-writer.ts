import type {
  FileSystem,
  RecoverableOutputStream,
  ResumeRecoverable,
  SinkWriter,
} from '@flink-ts/core'
import { lineOf } from '../line-text.js'
import type { TextFileCommittable } from './text-file-sink.js'

/** Text is handed to the file system in pieces of at least this many characters. */
const PIECE_CHARS = 64 * 1024
/** Pieces that wait for the file system before the writer asks its task to wait. */
const MAX_WAITING_PIECES = 4

/** Writes one file of a text file sink. Takes part in no checkpoint: it prepares a commit at the end of input only. */
export class TextFileWriter<T> implements SinkWriter<T, TextFileCommittable> {
  readonly #fileSystem: FileSystem
  readonly #path: string
  readonly #folder: string | undefined
  readonly #stream: RecoverableOutputStream
  #text = ''
  #waiting: Buffer[] = []
  #writing: Promise<void> | undefined
  #error: unknown
  #ended = false
  #prepared: ResumeRecoverable | undefined

  /** Begins a hidden file that may become `path`. @param folder removed on failure if it is empty then */
  static async open<T>(
    fileSystem: FileSystem,
    path: string,
    folder: string | undefined,
  ): Promise<TextFileWriter<T>> {
    const stream = await fileSystem.createResumableWriter().open(path)
    return new TextFileWriter(fileSystem, path, folder, stream)
  }

  private constructor(
    fileSystem: FileSystem,
    path: string,
    folder: string | undefined,
    stream: RecoverableOutputStream,
  ) {
    this.#fileSystem = fileSystem
    this.#path = path
    this.#folder = folder
    this.#stream = stream
  }

  write(element: T): void {
    if (this.#error !== undefined) throw this.#error
    this.#text += `${lineOf(element)}\n`
    if (this.#text.length >= PIECE_CHARS) this.#enqueue()
  }

  whenWritable(): Promise<void> | undefined {
    return this.#waiting.length >= MAX_WAITING_PIECES ? this.#writing : undefined
  }

  async flush(endOfInput: boolean): Promise<void> {
    if (this.#text !== '') this.#enqueue()
    while (this.#writing !== undefined) await this.#writing
    if (this.#error !== undefined) throw this.#error
    this.#ended = endOfInput
  }

  async prepareCommit(): Promise<TextFileCommittable[]> {
    if (!this.#ended) return []
    this.#prepared = await this.#stream.closeForCommit()
    return [{ path: this.#path, state: this.#prepared }]
  }

  async close(): Promise<void> {
    this.#waiting = []
    await this.#writing
    // After the commit there is nothing left to clean up: the hidden file has become the visible one.
    if (this.#prepared === undefined) await this.#stream.discard()
    else await this.#fileSystem.createResumableWriter().cleanup(this.#prepared)
    if (this.#folder !== undefined) await this.#removeEmptyFolder(this.#folder)
  }

  #enqueue(): void {
    this.#waiting.push(Buffer.from(this.#text))
    this.#text = ''
    this.#writing ??= this.#writeWaiting()
  }

  async #writeWaiting(): Promise<void> {
    try {
      for (let piece = this.#waiting.shift(); piece !== undefined; piece = this.#waiting.shift()) {
        await this.#stream.write(piece)
      }
    } catch (error) {
      this.#error = error
      this.#waiting = []
    } finally {
      this.#writing = undefined
    }
  }

  /** The folder was made for the files; without any of them it would keep the next run from starting. */
  async #removeEmptyFolder(folder: string): Promise<void> {
    if (!(await this.#fileSystem.exists(folder))) return
    const entries = await this.#fileSystem.list(folder)
    if (entries.length > 0) return
    await this.#fileSystem.delete(folder, { recursive: false }).catch(() => {
      // Another subtask put a file there meanwhile, or has removed the folder.
    })
  }
}
