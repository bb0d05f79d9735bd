import { compareBytes } from './bytes.js'
import { type Cursor, NO_BYTES } from './cursor.js'

/** Several cursors as one: of entries with the same key only that of the first cursor is shown. */
export class MergingCursor implements Cursor {
  isValid = false
  keyBytes: Buffer = NO_BYTES
  keyStart = 0
  keyLength = 0
  valueBytes: Buffer = NO_BYTES
  valueStart = 0
  valueLength = 0
  readonly #all: readonly Cursor[]
  #left: Cursor[]
  #current: Cursor | undefined

  /** @param cursors newest first; closed with this one */
  constructor(cursors: readonly Cursor[]) {
    this.#all = cursors
    this.#left = cursors.filter(({ isValid }) => isValid)
    this.#choose()
  }

  next(): void {
    const current = this.#current!
    for (const cursor of this.#left) if (cursor !== current) this.#passOver(cursor, current)
    current.next()
    if (this.#left.some(({ isValid }) => !isValid)) {
      this.#left = this.#left.filter(({ isValid }) => isValid)
    }
    this.#choose()
  }

  close(): void {
    this.isValid = false
    for (const cursor of this.#all) cursor.close()
  }

  #passOver(cursor: Cursor, current: Cursor): void {
    if (cursor.isValid && compare(cursor, current) === 0) cursor.next()
  }

  #choose(): void {
    let least: Cursor | undefined
    for (const cursor of this.#left) {
      if (least === undefined || compare(cursor, least) < 0) least = cursor
    }
    this.#current = least
    this.isValid = least !== undefined
    if (least === undefined) return
    this.keyBytes = least.keyBytes
    this.keyStart = least.keyStart
    this.keyLength = least.keyLength
    this.valueBytes = least.valueBytes
    this.valueStart = least.valueStart
    this.valueLength = least.valueLength
  }
}

function compare(a: Cursor, b: Cursor): number {
  return compareBytes(a.keyBytes, a.keyStart, a.keyLength, b.keyBytes, b.keyStart, b.keyLength)
}
