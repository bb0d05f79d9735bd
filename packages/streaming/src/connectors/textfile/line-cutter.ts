import { isAscii } from 'node:buffer'
import { FlinkError } from '@flink-ts/core'

const LF = 0x0a
const CR = 0x0d

/**
 * Lines are cut from decoded blocks of about this size: large enough that decoding costs little per line, small
 * enough because V8 keeps the whole block alive as long as any piece of it of 13 characters or more.
 */
export const BLOCK_BYTES = 4 * 1024
/** The longest line that is read. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024

/** A line does not end where lines end. */
export class LineTooLongError extends FlinkError {
  constructor(where: string, limitBytes: number) {
    super(
      `Cannot read a line of ${where}: it is longer than ${limitBytes} bytes; is it a text file with ` +
        'lines that end with \\n?',
      { code: 'FLINK_LINE_TOO_LONG' },
    )
  }
}

/**
 * Cuts lines from pieces of a file that are handed to it one after the other. A piece may end anywhere, also
 * inside a character. Bytes that are no UTF-8 become U+FFFD.
 */
export class LineCutter {
  readonly #where: string
  readonly #maxLineBytes: number
  #piece: Buffer = Buffer.alloc(0)
  #ascii = true
  /** Next byte of the piece. */
  #next = 0
  /** Where the part of the piece ends that consists of whole lines to emit. */
  #linesEnd = 0
  /** The beginning of a line whose end has not come yet. */
  #begun: Buffer[] = []
  #begunBytes = 0

  /** @param where names the file, for messages */
  constructor(where: string, maxLineBytes = MAX_LINE_BYTES) {
    this.#where = where
    this.#maxLineBytes = maxLineBytes
  }

  /** Bytes handed over that belong to no line that was emitted. */
  get pendingBytes(): number {
    return this.#begunBytes + (this.#piece.length - this.#next)
  }

  /** Whether {@link emitSome} has whole lines to emit. */
  get hasLines(): boolean {
    return this.#next < this.#linesEnd
  }

  /**
   * Takes the next piece; there must be no whole lines left of the one before. It is read until the next call, so
   * its memory must not change before.
   *
   * @throws LineTooLongError
   */
  add(piece: Buffer): void {
    this.#keepRest()
    this.#piece = piece
    this.#next = 0
    this.#ascii = isAscii(piece)
    this.#linesEnd = piece.lastIndexOf(LF) + 1
  }

  /** Emits some whole lines, of about `bytes` together, 4 KiB at the most; at least one if there is any. */
  emitSome(emit: (line: string) => void, bytes: number = BLOCK_BYTES): void {
    if (!this.hasLines) return
    if (this.#begunBytes > 0) {
      this.#emitBegun(emit)
      return
    }
    const start = this.#next
    const end = this.#blockEnd(start, bytes)
    this.#next = end
    emitLines(this.#decode(start, end), emit)
  }

  /** Emits the last line of a file that does not end with a line end. */
  emitRest(emit: (line: string) => void): void {
    this.#keepRest()
    if (this.#begunBytes === 0) return
    const line = Buffer.concat(this.#begun)
    this.#begun = []
    this.#begunBytes = 0
    emit(textOf(line, line.length))
  }

  #emitBegun(emit: (line: string) => void): void {
    const end = this.#piece.indexOf(LF)
    const line = Buffer.concat([...this.#begun, this.#piece.subarray(0, end)])
    this.#begun = []
    this.#begunBytes = 0
    this.#next = end + 1
    emit(
      textOf(line, line.length > 0 && line[line.length - 1] === CR ? line.length - 1 : line.length),
    )
  }

  #blockEnd(start: number, bytes: number): number {
    if (this.#linesEnd - start <= bytes) return this.#linesEnd
    const last = this.#piece.lastIndexOf(LF, start + bytes - 1)
    return (last >= start ? last : this.#piece.indexOf(LF, start + bytes)) + 1
  }

  #decode(start: number, end: number): string {
    return this.#ascii
      ? this.#piece.toString('latin1', start, end)
      : decodeBlock(this.#piece, start, end)
  }

  #keepRest(): void {
    const rest = this.#piece.subarray(this.#next)
    this.#next = this.#piece.length
    if (rest.length === 0) return
    this.#begunBytes += rest.length
    if (this.#begunBytes > this.#maxLineBytes) {
      throw new LineTooLongError(this.#where, this.#maxLineBytes)
    }
    // A copy: the piece's memory is used again.
    this.#begun.push(Buffer.from(rest))
  }
}

/** Cuts a text that ends with a line end. */
function emitLines(text: string, emit: (line: string) => void): void {
  const { length } = text
  for (let start = 0; start < length; ) {
    const end = text.indexOf('\n', start)
    const stripped = end > start && text.charCodeAt(end - 1) === CR ? end - 1 : end
    emit(text.slice(start, stripped))
    start = end + 1
  }
}

/** Most blocks of a text that is not all ASCII are. */
function decodeBlock(piece: Buffer, start: number, end: number): string {
  return isAscii(piece.subarray(start, end))
    ? piece.toString('latin1', start, end)
    : piece.toString('utf8', start, end)
}

function textOf(bytes: Buffer, end: number): string {
  return isAscii(bytes) ? bytes.toString('latin1', 0, end) : bytes.toString('utf8', 0, end)
}
