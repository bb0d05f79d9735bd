import type {
  FileSystem,
  FunctionSnapshotContext,
  RecoverableOutputStream,
  ResumeRecoverable,
  SinkWriter,
} from '@flink-ts/core'
import { lineOf } from '../line-text.js'

/** Text is handed to the file system in pieces of at least this many characters. */
const PIECE_CHARS = 64 * 1024
/** Pieces that wait for the file system before the writer asks its task to wait. */
const MAX_WAITING_PIECES = 4

/** A file that has been written but cannot be seen yet. JSON. */
export interface TextFileCommittable {
  readonly path: string
  readonly state: ResumeRecoverable
}

/** Whose a file is. JSON; absent in states of old versions. */
export interface TextFileOrigin {
  /** The path of the sink. */
  readonly base?: string
  readonly jobId?: string
}

/** How far a file was written at a checkpoint. JSON. */
export interface TextFileState extends TextFileOrigin {
  readonly path: string
  /** Absent: its input had ended, and it was to be committed. */
  readonly state?: ResumeRecoverable
}

/** A file to go on with. */
export interface RestoredTextFile {
  /** What the checkpoint has. */
  readonly stored: TextFileState & { readonly state: ResumeRecoverable }
  /** Where to go on. */
  readonly path: string
  /** Others may go on with it as well: the job that wrote it, or one that begins with the same savepoint. */
  readonly isShared: boolean
}

export interface TextFileWriterOptions {
  readonly fileSystem: FileSystem
  /** Of the file; made when there is something to write. */
  readonly path: string
  /** Made with the file, and removed on failure if it is empty then. */
  readonly folder?: string | undefined
  readonly origin: Required<TextFileOrigin>
}

/**
 * Writes one file of a text file sink, hidden until it is committed at the end of input. In between checkpoints remember how far it
 * has come. A writer that was given the files of others too commits them, as they are, with its own.
 */
export class TextFileWriter<T> implements SinkWriter<T, TextFileCommittable, TextFileState> {
  readonly #fileSystem: FileSystem
  readonly #path: string
  readonly #folder: string | undefined
  readonly #origin: TextFileOrigin
  readonly #others: readonly RestoredTextFile[]
  #stream: RecoverableOutputStream | undefined
  /** Of checkpoints: the hidden file must stay, since one of them may be restored. */
  #isRemembered: boolean
  #text = ''
  #waiting: Buffer[] = []
  #writing: Promise<void> | undefined
  #error: unknown
  #ended = false
  #prepared: ResumeRecoverable | undefined

  /** Begins a hidden file. */
  static async open<T>(options: TextFileWriterOptions): Promise<TextFileWriter<T>> {
    const writer = new TextFileWriter<T>(options)
    await writer.#openFile()
    return writer
  }

  /**
   * Goes on with the first of the files.
   *
   * @param options of the file that is begun with the first line if there is none to go on with
   */
  static async restore<T>(
    options: TextFileWriterOptions,
    [first, ...others]: readonly RestoredTextFile[],
  ): Promise<TextFileWriter<T>> {
    if (first === undefined) return new TextFileWriter<T>(options)
    const stream = await recover(options.fileSystem, first)
    const isRemembered = !first.isShared
    return new TextFileWriter<T>({ ...options, path: first.path }, { stream, isRemembered, others })
  }

  private constructor(
    { fileSystem, path, folder, origin }: TextFileWriterOptions,
    restored?: {
      stream: RecoverableOutputStream
      isRemembered: boolean
      others: readonly RestoredTextFile[]
    },
  ) {
    this.#fileSystem = fileSystem
    this.#path = path
    this.#folder = folder
    this.#origin = origin
    this.#stream = restored?.stream
    this.#others = restored?.others ?? []
    this.#isRemembered = restored?.isRemembered === true
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
    const committables: TextFileCommittable[] = []
    if (this.#stream !== undefined) {
      this.#prepared = await this.#stream.closeForCommit()
      committables.push({ path: this.#path, state: this.#prepared })
    }
    for (const other of this.#others) {
      const stream = await recover(this.#fileSystem, other)
      committables.push({ path: other.path, state: await stream.closeForCommit() })
    }
    return committables
  }

  async snapshotState(
    _checkpointId: bigint,
    { isSavepoint }: Pick<FunctionSnapshotContext, 'isSavepoint'>,
  ): Promise<TextFileState[]> {
    this.#isRemembered = true
    const own = { path: this.#path, ...this.#origin }
    if (this.#ended) {
      if (isSavepoint && this.#prepared !== undefined) await this.#keep(this.#prepared)
      return [own]
    }
    const states = this.#others.map(({ stored }) => stored)
    if (this.#stream !== undefined) states.unshift({ ...own, state: await this.#stream.persist() })
    if (isSavepoint) for (const { state } of states) await this.#keep(state)
    return states
  }

  async close(): Promise<void> {
    this.#waiting = []
    await this.#writing
    if (this.#stream === undefined) return
    if (this.#isRemembered) {
      // What was written since the last checkpoint goes when it is restored.
      if (this.#prepared === undefined) await this.#stream.closeForCommit()
      return
    }
    // After the commit there is nothing left to clean up: the hidden file has become the visible one.
    if (this.#prepared === undefined) await this.#stream.discard()
    else await this.#fileSystem.createResumableWriter().cleanup(this.#prepared)
    if (this.#folder !== undefined) await this.#removeEmptyFolder(this.#folder)
  }

  async #keep(state: ResumeRecoverable): Promise<void> {
    await this.#fileSystem.createResumableWriter().keep?.(state)
  }

  #enqueue(): void {
    this.#waiting.push(Buffer.from(this.#text))
    this.#text = ''
    this.#writing ??= this.#writeWaiting()
  }

  async #openFile(): Promise<RecoverableOutputStream> {
    if (this.#stream !== undefined) return this.#stream
    if (this.#folder !== undefined) await this.#fileSystem.mkdirs(this.#folder)
    this.#stream = await this.#fileSystem.createResumableWriter().open(this.#path)
    return this.#stream
  }

  async #writeWaiting(): Promise<void> {
    try {
      for (let piece = this.#waiting.shift(); piece !== undefined; piece = this.#waiting.shift()) {
        const stream = await this.#openFile()
        await stream.write(piece)
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

function recover(
  fileSystem: FileSystem,
  { stored, path, isShared }: RestoredTextFile,
): Promise<RecoverableOutputStream> {
  const writer = fileSystem.createResumableWriter()
  return isShared ? writer.recover(stored.state, path) : writer.recover(stored.state)
}
