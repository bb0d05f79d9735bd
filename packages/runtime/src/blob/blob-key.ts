import { createHash } from 'node:crypto'

const SHA_256_HEX = /^[0-9a-f]{64}$/

/** Whether `text` has the form of a key, and so may become a file name. */
export function isBlobKey(text: string): boolean {
  return SHA_256_HEX.test(text)
}

/** The key of a blob: the SHA-256 of its content in lower-case hex. */
export function blobKeyOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
