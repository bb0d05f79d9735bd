/**
 * Walks over entries in ascending order of their keys. The fields are valid until the next call; they are fields so that an entry costs no
 * allocation.
 */
export interface Cursor {
  /** False: there is no entry, and the other fields mean nothing. */
  readonly isValid: boolean
  keyBytes: Buffer
  keyStart: number
  keyLength: number
  valueBytes: Buffer
  valueStart: number
  /** {@link TOMBSTONE}: the entry says that older ones do not count. */
  valueLength: number
  next(): void
  /** Gives back what it holds. Idempotent. */
  close(): void
}

export const TOMBSTONE = -1

export const NO_BYTES: Buffer = Buffer.alloc(0)
