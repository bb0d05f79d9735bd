import { createHmac, randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { FlinkError } from '../errors/flink-error.js'

/** Fewer characters could be guessed from a recorded handshake. */
const MIN_LENGTH = 32
const MAX_LENGTH = 1024

/**
 * What all processes of a cluster know and nobody else does. It never shows itself: not in logs, not in errors, not in
 * JSON.
 */
export class ClusterSecret {
  /** Where it came from, for messages. */
  readonly origin: string
  readonly #bytes: Uint8Array

  private constructor(bytes: Uint8Array, origin: string) {
    this.#bytes = bytes
    this.origin = origin
  }

  /** A new one, of 256 random bits. */
  static random(): ClusterSecret {
    return new ClusterSecret(Buffer.from(randomBytes(32).toString('hex')), 'made at random')
  }

  /** @throws FlinkError FLINK_CLUSTER_SECRET when the text is too short or too long, or has strange characters */
  static fromText(text: string, origin: string): ClusterSecret {
    const trimmed = text.trim()
    if (!/^[\x21-\x7e]+$/.test(trimmed) || trimmed.length < MIN_LENGTH) {
      throw new FlinkError(
        `The cluster secret of ${origin} cannot be used: it must be one line of at least ${MIN_LENGTH} printable ASCII ` +
          "characters without blanks, such as 'openssl rand -hex 32' makes",
        { code: 'FLINK_CLUSTER_SECRET' },
      )
    }
    if (trimmed.length > MAX_LENGTH) {
      throw new FlinkError(
        `The cluster secret of ${origin} cannot be used: it has more than ${MAX_LENGTH} characters`,
        { code: 'FLINK_CLUSTER_SECRET' },
      )
    }
    return new ClusterSecret(Buffer.from(trimmed), origin)
  }

  /** In another thread of the same process. */
  static attach(handle: ClusterSecretHandle): ClusterSecret {
    return new ClusterSecret(handle.bytes, handle.origin)
  }

  /** Cloneable form, for another thread. Contains the secret. */
  handle(): ClusterSecretHandle {
    return { bytes: this.#bytes, origin: this.origin }
  }

  /** The text of a secret file. Contains the secret. */
  fileText(): string {
    return `${Buffer.from(this.#bytes).toString('latin1')}\n`
  }

  equals(other: ClusterSecret): boolean {
    return Buffer.compare(this.#bytes, other.#bytes) === 0
  }

  /** HMAC-SHA256 over `parts`, which the caller makes unambiguous. */
  prove(parts: readonly Uint8Array[]): Buffer {
    const hmac = createHmac('sha256', this.#bytes)
    for (const part of parts) hmac.update(part)
    return hmac.digest()
  }

  toString(): string {
    return 'ClusterSecret(******)'
  }

  toJSON(): string {
    return this.toString()
  }

  [inspect.custom](): string {
    return this.toString()
  }
}

export interface ClusterSecretHandle {
  readonly bytes: Uint8Array
  readonly origin: string
}
