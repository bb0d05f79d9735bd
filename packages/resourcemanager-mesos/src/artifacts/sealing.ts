import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import type { ClusterSecret } from '@flink-ts/core/security'

// Each purpose has its own bytes: what is shown for one proves nothing for another.
const ID = 'flink-ts mesos ticket v1 id'
const CLAIM = 'flink-ts mesos ticket v1 claim'
const KEY = 'flink-ts mesos ticket v1 key'
const OF_SECRET = 'flink-ts mesos ticket v1 of secret'

const CIPHER = 'aes-256-gcm'
const KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16

/** 256 random bits that the task knows and the JobManager, as hexadecimal digits. */
export function newTicket(): string {
  return randomBytes(KEY_BYTES).toString('hex')
}

/** The ticket of a task whose process knows the secret of the cluster already: nobody has to hand it one. */
export function ticketOfSecret(secret: ClusterSecret, taskId: string): string {
  return secret.prove([Buffer.from(`${OF_SECRET}\0${taskId}`)]).toString('hex')
}

/** 128 random bits, as hexadecimal digits: a path that nobody guesses, or what makes a request one of a kind. */
export function newNonce(): string {
  return randomBytes(16).toString('hex')
}

/** By which a ticket is found; it does not tell the ticket. */
export function ticketId(ticket: string): string {
  return hmac(ticket, ID)
}

/** Shows with `nonce` that one has the ticket. */
export function ticketProof(ticket: string, nonce: string): string {
  return hmac(ticket, `${CLAIM}\0${nonce}`)
}

/** Whether two texts are the same, in a time that does not tell where they differ. */
export function isSameText(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)]
  return one.length === other.length && timingSafeEqual(one, other)
}

/** For the holder of the ticket alone, in answer to the request with this nonce: initialization vector, tag, ciphertext. */
export function seal(ticket: string, nonce: string, content: string): Buffer {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv(CIPHER, keyOf(ticket, nonce), iv)
  const sealed = [cipher.update(content, 'utf8'), cipher.final()]
  return Buffer.concat([iv, cipher.getAuthTag(), ...sealed])
}

/** Undefined: not sealed with this ticket for this nonce, or not whole. */
export function unseal(ticket: string, nonce: string, sealed: Uint8Array): string | undefined {
  if (sealed.length < IV_BYTES + TAG_BYTES) return undefined
  const options = { authTagLength: TAG_BYTES }
  const iv = sealed.subarray(0, IV_BYTES)
  const decipher = createDecipheriv(CIPHER, keyOf(ticket, nonce), iv, options)
  decipher.setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
  const opened = decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES))
  try {
    return Buffer.concat([opened, decipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}

function keyOf(ticket: string, nonce: string): Uint8Array {
  const key = hkdfSync(
    'sha256',
    Buffer.from(ticket, 'hex'),
    Buffer.from(nonce, 'hex'),
    KEY,
    KEY_BYTES,
  )
  return new Uint8Array(key)
}

function hmac(ticket: string, text: string): string {
  return createHmac('sha256', Buffer.from(ticket, 'hex')).update(text).digest('hex')
}
