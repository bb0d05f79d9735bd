import type { FileInputStream, ReaderOutput } from '@flink-ts/core'
import { BLOCK_BYTES, LineCutter } from './line-cutter.js'
import { InputNotReadableError, type TextFileSplit } from './text-file-split.js'

const LF = 0x0a
const DEFAULT_PIECE_BYTES = 512 * 1024
/** Most bytes of lines to emit in one turn. */
export const TURN_BYTES_MAX = 2 * BLOCK_BYTES

/**
 * The lines of one split, from an open file. Reads one piece ahead into a second buffer while the first is cut
 * into lines, so memory does not depend on the size of the file.
 */
export class SplitLines {
  readonly #split: TextFileSplit
  readonly #stream: FileInputStream
  readonly #onProgress: () => void
  readonly #cutter: LineCutter
  /** The buffer that is being filled is the first one. */
  #buffers: [Buffer, Buffer]
  /** File position behind the last piece that the cutter was given. */
  #cutTo: number
  /** File position behind the last piece that was read. */
  #readTo: number
  /** A piece that has been read and waits for the cutter; empty at the end of the file. */
  #loaded: Buffer | undefined
  #loading: Promise<void> | undefined
  #error: unknown
  /** The first bytes are the end of a line that belongs to the split before. */
  #skipping: boolean
  #fullyRead = false
  #ended = false

  constructor(
    split: TextFileSplit,
    stream: FileInputStream,
    options: { onProgress: () => void; pieceBytes?: number },
  ) {
    const { start, position } = split
    this.#split = split
    this.#stream = stream
    this.#onProgress = options.onProgress
    this.#cutter = new LineCutter(split.path)
    const pieceBytes = options.pieceBytes ?? DEFAULT_PIECE_BYTES
    this.#buffers = [Buffer.allocUnsafeSlow(pieceBytes), Buffer.allocUnsafeSlow(pieceBytes)]
    // One byte before: if it ends a line, the split's first byte begins one.
    this.#skipping = position === undefined && start > 0
    this.#cutTo = this.#readTo = position ?? Math.max(0, start - 1)
    if (this.#cutTo >= split.end) this.#ended = this.#fullyRead = true
  }

  start(): void {
    this.#load()
  }

  /** Whether `emitSome` would get on: emit lines, throw, or find the end. */
  get canEmit(): boolean {
    return (
      this.#cutter.hasLines || this.#loaded !== undefined || this.#error !== undefined || this.done
    )
  }

  /** Nothing more has to be read from the file. */
  get fullyRead(): boolean {
    return this.#fullyRead
  }

  /** All lines have been emitted. */
  get done(): boolean {
    return this.#ended && !this.#cutter.hasLines
  }

  /** First byte of the next line; undefined before the first one has been found. */
  get position(): number | undefined {
    if (this.#skipping) return this.#split.position
    return this.done ? this.#split.end : this.#cutTo - this.#cutter.pendingBytes
  }

  /** Emits lines of about `bytes` together if there are any. @throws InputNotReadableError, LineTooLongError */
  emitSome(output: ReaderOutput<string>, bytes: number): void {
    if (this.#error !== undefined) throw new InputNotReadableError(this.#split.path, this.#error)
    const emit = (line: string) => output.collect(line)
    for (let left = bytes; left > 0; left -= BLOCK_BYTES) {
      if (!this.#cutter.hasLines && this.#loaded !== undefined) this.#takePiece(this.#loaded, emit)
      this.#cutter.emitSome(emit, Math.min(left, BLOCK_BYTES))
    }
  }

  async close(): Promise<void> {
    this.#ended = true
    await this.#loading
    await this.#stream.close()
  }

  #takePiece(piece: Buffer, emit: (line: string) => void): void {
    this.#loaded = undefined
    if (piece.length === 0) {
      this.#ended = true
      if (!this.#skipping) this.#cutter.emitRest(emit)
      return
    }
    const from = this.#cutTo
    this.#cutTo += piece.length
    let own = piece
    if (this.#skipping) {
      const firstEnd = piece.indexOf(LF)
      const first = firstEnd < 0 ? piece.length : firstEnd + 1
      own = piece.subarray(first)
      if (from + first >= this.#split.end) {
        // A line that began before covers the rest of the split.
        this.#fullyRead = this.#ended = true
        this.#cutTo = this.#split.end
        return
      }
      this.#skipping = firstEnd < 0
    }
    if (own.length > 0) this.#cut(own)
    if (!this.#fullyRead) this.#load()
  }

  /** The last line of the split is the one that contains its last byte; it may end far behind. */
  #cut(own: Buffer): void {
    const ownFrom = this.#cutTo - own.length
    const lastEnd =
      this.#cutTo >= this.#split.end
        ? own.indexOf(LF, Math.max(0, this.#split.end - 1 - ownFrom))
        : -1
    if (lastEnd < 0) {
      this.#cutter.add(own)
      return
    }
    this.#cutter.add(own.subarray(0, lastEnd + 1))
    this.#cutTo = ownFrom + lastEnd + 1
    this.#fullyRead = this.#ended = true
  }

  #load(): void {
    if (this.#loading !== undefined || this.#ended) return
    const [buffer, other] = this.#buffers
    this.#buffers = [other, buffer]
    this.#loading = this.#fill(buffer)
      .then(
        (length) => {
          this.#readTo += length
          this.#loaded = buffer.subarray(0, length)
          if (length === 0) this.#fullyRead = true
        },
        (error: unknown) => {
          this.#error = error
        },
      )
      .finally(() => {
        this.#loading = undefined
        this.#onProgress()
      })
  }

  #fill(buffer: Buffer): Promise<number> {
    return this.#stream.read(buffer, this.#readTo)
  }
}
