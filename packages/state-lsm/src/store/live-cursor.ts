import { type Cursor, TOMBSTONE } from './cursor.js'

/** Passes over removed entries and ends behind a prefix. The fields are those of the cursor within. */
export class LiveCursor implements Cursor {
  readonly #inner: Cursor
  readonly #prefix: Buffer | undefined

  constructor(inner: Cursor, prefix?: Buffer) {
    this.#inner = inner
    this.#prefix = prefix
    this.#skip()
  }

  get isValid(): boolean {
    if (!this.#inner.isValid) return false
    const prefix = this.#prefix
    if (prefix === undefined) return true
    const { keyBytes, keyStart, keyLength } = this.#inner
    return (
      keyLength > prefix.length &&
      prefix.compare(keyBytes, keyStart, keyStart + prefix.length) === 0
    )
  }

  get keyBytes(): Buffer {
    return this.#inner.keyBytes
  }
  get keyStart(): number {
    return this.#inner.keyStart
  }
  get keyLength(): number {
    return this.#inner.keyLength
  }
  get valueBytes(): Buffer {
    return this.#inner.valueBytes
  }
  get valueStart(): number {
    return this.#inner.valueStart
  }
  get valueLength(): number {
    return this.#inner.valueLength
  }

  next(): void {
    this.#inner.next()
    this.#skip()
  }

  close(): void {
    this.#inner.close()
  }

  #skip(): void {
    while (this.#inner.isValid && this.#isPassedOver()) this.#inner.next()
  }

  /** Removed, or the prefix itself. */
  #isPassedOver(): boolean {
    if (this.#inner.valueLength === TOMBSTONE) return true
    return (
      this.#prefix !== undefined &&
      this.#inner.keyLength === this.#prefix.length &&
      this.#prefix.compare(
        this.#inner.keyBytes,
        this.#inner.keyStart,
        this.#inner.keyStart + this.#inner.keyLength,
      ) === 0
    )
  }
}
