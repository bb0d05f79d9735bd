import type { FileSystem, RecoverableOutputStream, ResumeRecoverable } from '@flink-ts/core'

/** Text is handed to the file system in pieces of at least this many characters. */
const PIECE_CHARS = 64 * 1024

/** One file of a bucket while it is written. Takes data at once and writes it one piece after the other. */
export class PartFile {
  readonly path: string
  readonly creationTimeMs: number
  readonly #fileSystem: FileSystem
  readonly #onWaiting: (bytes: number) => void
  #text = ''
  #sizeBytes = 0
  #stream: RecoverableOutputStream | undefined
  #last: Promise<void>
  #closed: ResumeRecoverable | undefined
  #error: unknown

  /** @param onWaiting is told how many bytes have begun to wait for the file system, and, below 0, that they have been written */
  constructor(
    fileSystem: FileSystem,
    path: string,
    creationTimeMs: number,
    onWaiting: (bytes: number) => void,
  ) {
    this.#fileSystem = fileSystem
    this.path = path
    this.creationTimeMs = creationTimeMs
    this.#onWaiting = onWaiting
    this.#last = this.#guarded(async () => {
      this.#stream = await fileSystem.createResumableWriter().open(path)
    })
  }

  /** Bytes taken; characters of text that waits here count as one. */
  get sizeBytes(): number {
    return this.#sizeBytes + this.#text.length
  }

  /** Why it cannot be written. */
  get error(): unknown {
    return this.#error
  }

  append(data: string | Uint8Array): void {
    if (typeof data === 'string') {
      this.#text += data
      if (this.#text.length >= PIECE_CHARS) this.flush()
      return
    }
    this.flush()
    // A copy: the encoder may use its buffer again.
    this.#enqueue(Buffer.from(data))
  }

  /** Hands what waits here to the file system. */
  flush(): void {
    if (this.#text === '') return
    const bytes = Buffer.from(this.#text)
    this.#text = ''
    this.#enqueue(bytes)
  }

  /**
   * Ends the file: what it answers is to be committed.
   *
   * @throws what failed in writing it
   */
  async closeForCommit(): Promise<ResumeRecoverable> {
    this.flush()
    await this.#then(async () => {
      this.#closed = await this.#stream!.closeForCommit()
    })
    if (this.#error !== undefined) throw this.#error
    return this.#closed!
  }

  /** Removes what has been written. */
  async discard(): Promise<void> {
    this.#text = ''
    await this.#last
    if (this.#closed === undefined) await this.#stream?.discard()
    else await this.#fileSystem.createResumableWriter().cleanup(this.#closed)
  }

  #enqueue(bytes: Uint8Array): void {
    this.#sizeBytes += bytes.length
    this.#onWaiting(bytes.length)
    void this.#then(() => this.#stream!.write(bytes)).then(() => this.#onWaiting(-bytes.length))
  }

  #then(action: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(() => this.#guarded(action))
    return this.#last
  }

  /** Never rejects: the first failure is kept, and ends all that follows. */
  async #guarded(action: () => Promise<void>): Promise<void> {
    if (this.#error !== undefined) return
    try {
      await action()
    } catch (error) {
      this.#error = error
    }
  }
}
