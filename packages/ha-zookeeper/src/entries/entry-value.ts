import { FlinkError } from '@flink-ts/core'

/** What a node says of the value of its entry. */
export type EntryContent =
  | { readonly kind: 'inline'; readonly value: Uint8Array }
  | { readonly kind: 'file'; readonly pointer: FilePointer }

/** Where the value is, and how to know it again. */
export interface FilePointer {
  /** Name in the folder of the entries. */
  readonly file: string
  readonly bytes: number
  /** Hexadecimal. */
  readonly sha256: string
}

/** Longer values are in files. */
export const MAX_INLINE_BYTES = 4096

/** First line of a node; the number is one more when what follows cannot be read by earlier releases. */
const INLINE = Buffer.from('flink-ts/1 value\n')
const FILE = Buffer.from('flink-ts/1 file\n')

export function encodeInline(value: Uint8Array): Buffer {
  return Buffer.concat([INLINE, value])
}

export function encodePointer({ file, bytes, sha256 }: FilePointer): Buffer {
  return Buffer.concat([FILE, Buffer.from(JSON.stringify({ file, bytes, sha256 }))])
}

/** @throws FlinkError that says what is wrong */
export function parseEntry(data: Uint8Array): EntryContent {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  if (bytes.subarray(0, INLINE.length).equals(INLINE)) {
    return { kind: 'inline', value: Uint8Array.from(bytes.subarray(INLINE.length)) }
  }
  if (!bytes.subarray(0, FILE.length).equals(FILE)) {
    throw malformed(
      `it does not begin with '${INLINE.toString().trim()}' or '${FILE.toString().trim()}'`,
    )
  }
  let pointer: Partial<FilePointer> | null
  try {
    pointer = JSON.parse(bytes.subarray(FILE.length).toString())
  } catch (cause) {
    throw malformed('what follows its first line is not JSON', cause)
  }
  const { file, bytes: length, sha256 } = pointer ?? {}
  if (
    typeof file !== 'string' ||
    !/^[\w-]+$/.test(file) ||
    !Number.isSafeInteger(length) ||
    typeof sha256 !== 'string' ||
    !/^[0-9a-f]{64}$/.test(sha256)
  ) {
    throw malformed('it names no file')
  }
  return { kind: 'file', pointer: { file, bytes: length!, sha256 } }
}

function malformed(why: string, cause?: unknown): FlinkError {
  return new FlinkError(why, { code: 'FLINK_HA_ENTRY_CORRUPT', cause })
}
