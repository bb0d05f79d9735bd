import { MesosProtocolError } from '../mesos-protocol-error.js'

const NEWLINE = 0x0a
const ZERO = 0x30
const NINE = 0x39
/** So that leading zeros cannot go on for ever. */
const MAX_DIGITS = 20
const FIRST_CAPACITY = 64 * 1024

/**
 * Takes a RecordIO stream apart: decimal length in bytes, newline, that many bytes, and so on. Where the stream is cut into chunks means
 * nothing. Memory grows with what has come, not with what a length promises.
 */
export class RecordDecoder {
  readonly #maxRecordBytes: number
  #digits = 0
  #length = 0
  #isInRecord = false
  /** Of the present record, if it did not come in one chunk. */
  #held: Uint8Array = new Uint8Array(0)
  #heldBytes = 0

  constructor({ maxRecordBytes }: { readonly maxRecordBytes: number }) {
    this.#maxRecordBytes = maxRecordBytes
  }

  /** Whether the stream may end here. */
  get isBetweenRecords(): boolean {
    return !this.#isInRecord && this.#digits === 0
  }

  /**
   * The records that end in `chunk`, as views that hold until the next chunk. To be read to the end.
   *
   * @throws MesosProtocolError after the records before the damage; there is no way on then
   */
  *push(chunk: Uint8Array): Generator<Uint8Array, void, undefined> {
    let at = 0
    while (at < chunk.length) {
      if (!this.#isInRecord) {
        this.#takeOfLength(chunk[at++] as number)
        continue
      }
      const end = Math.min(chunk.length, at + this.#length - this.#heldBytes)
      const piece = chunk.subarray(at, end)
      at = end
      const record = this.#takeOfRecord(piece)
      if (record !== undefined) yield record
    }
  }

  #takeOfLength(byte: number): void {
    if (byte === NEWLINE) {
      if (this.#digits === 0) throw damaged('the length of a record is missing')
      if (this.#length === 0) throw damaged('a record has the length 0')
      this.#isInRecord = true
      return
    }
    if (byte < ZERO || byte > NINE) {
      const shown = byte > 0x20 && byte < 0x7f ? `'${String.fromCharCode(byte)}'` : `byte ${byte}`
      throw damaged(`the length of a record has ${shown} in it`)
    }
    this.#length = this.#length * 10 + byte - ZERO
    if (++this.#digits > MAX_DIGITS) throw damaged('the length of a record has too many digits')
    if (this.#length > this.#maxRecordBytes) {
      throw damaged(`a record is longer than ${this.#maxRecordBytes} bytes`)
    }
  }

  /** @returns the record, if it is complete */
  #takeOfRecord(piece: Uint8Array): Uint8Array | undefined {
    const isComplete = this.#heldBytes + piece.length === this.#length
    if (isComplete && this.#heldBytes === 0) {
      this.#next()
      return piece
    }
    this.#hold(piece)
    if (!isComplete) return undefined
    const record = this.#held.subarray(0, this.#length)
    this.#held = new Uint8Array(0)
    this.#next()
    return record
  }

  #hold(piece: Uint8Array): void {
    const needed = this.#heldBytes + piece.length
    if (needed > this.#held.length) {
      const capacity = Math.max(needed, FIRST_CAPACITY, 2 * this.#held.length)
      const larger = new Uint8Array(Math.min(this.#length, capacity))
      larger.set(this.#held.subarray(0, this.#heldBytes))
      this.#held = larger
    }
    this.#held.set(piece, this.#heldBytes)
    this.#heldBytes = needed
  }

  #next(): void {
    this.#isInRecord = false
    this.#digits = 0
    this.#length = 0
    this.#heldBytes = 0
  }
}

function damaged(problem: string): MesosProtocolError {
  return new MesosProtocolError(`The stream of events is damaged: ${problem}`)
}
