import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import {
  type ClusterSecret,
  proveRestServer,
  restToken,
  SERVER_PROOF_HEADERS,
} from '@flink-ts/core/security'

/** Asks for a password in browsers. */
export const CHALLENGE = 'Basic realm="flink-ts", charset="UTF-8"'

/** More cannot be credentials of ours. */
const HEADER_MAX = 1024

/** Recognises the requests of those who know the secret of the cluster. */
export class RestAuthenticator {
  readonly #expected: Buffer
  readonly #secret: ClusterSecret

  constructor(secret: ClusterSecret) {
    this.#secret = secret
    this.#expected = digest(restToken(secret))
  }

  /**
   * Whether a request proves it, by `Bearer <token>` or by the token as the password of Basic. Browsers send Basic by
   * themselves with whatever a foreign page makes them send: from such pages, where they are allowed to call at all,
   * only Bearer counts.
   */
  accepts(
    headers: Pick<IncomingHttpHeaders, 'authorization' | 'host' | 'origin'> & {
      readonly 'sec-fetch-site'?: unknown
    },
  ): boolean {
    const { authorization = '' } = headers
    if (authorization.length > HEADER_MAX) return false
    const match = /^(bearer|basic) +([\x21-\x7e]+) *$/i.exec(authorization)
    if (match === null) return false
    const [, scheme, credentials] = match
    if (scheme!.toLowerCase() === 'bearer') return this.#isToken(credentials!)
    return !isOfForeignPage(headers) && this.#isToken(passwordOf(credentials!))
  }

  /**
   * What the refusal of a request says to a client that wants to know whom it talks to before it shows its token; undefined: it
   * did not ask.
   */
  proofFor({ headers, socket }: IncomingMessage): string | undefined {
    const nonce = headers[SERVER_PROOF_HEADERS.nonce]
    if (typeof nonce !== 'string') return undefined
    const { localAddress: address, localPort: port } = socket
    return proveRestServer(this.#secret, nonce, { address, port })
  }

  /** In the same time for all texts of a length: digests tell nothing about where texts differ. */
  #isToken(text: string): boolean {
    return timingSafeEqual(digest(text), this.#expected)
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** Of `base64(user:password)`. */
function passwordOf(credentials: string): string {
  const text = Buffer.from(credentials, 'base64').toString()
  return text.slice(text.indexOf(':') + 1)
}

function isOfForeignPage({
  host,
  origin,
  'sec-fetch-site': site,
}: Parameters<RestAuthenticator['accepts']>[0]): boolean {
  if (site === 'cross-site' || site === 'same-site') return true
  return origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`
}
