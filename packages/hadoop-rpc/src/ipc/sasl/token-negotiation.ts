import type { MessageInput } from '../../messages/message-codec.js'
import type { RpcSaslMessage, SaslAuthMessage } from '../../messages/messages.generated.js'
import type { Token } from '../../yarn/records.js'
import {
  type DigestChallenge,
  type DigestCredentials,
  digestResponse,
  isServerAuthentic,
  parseDigestChallenge,
} from './digest-md5.js'

type Outgoing = MessageInput<RpcSaslMessage>

/** Proves a token to a server, and has the server prove that it knows the token: SASL with the method TOKEN. */
export class TokenNegotiation {
  readonly #token: Token
  readonly #cnonce: string
  #proof:
    | { readonly challenge: DigestChallenge; readonly credentials: DigestCredentials }
    | undefined

  /** @param cnonce at random, new for each connection */
  constructor(token: Token, cnonce: string) {
    this.#token = token
    this.#cnonce = cnonce
  }

  /** What the client says first. */
  first(): Outgoing {
    return { version: 0, state: 'NEGOTIATE' }
  }

  /**
   * What the client says to a message of the server; undefined: both are satisfied.
   *
   * @throws Error if they cannot agree
   */
  next(message: RpcSaslMessage): Outgoing | undefined {
    if (message.state === 'NEGOTIATE' && this.#proof === undefined) {
      return this.#initiate(message.auths)
    }
    if (message.state === 'SASL_SUCCESS') {
      this.#verify(message.token)
      return undefined
    }
    throw new Error(`the server says ${message.state}, which is not its turn`)
  }

  #initiate(auths: readonly SaslAuthMessage[]): Outgoing {
    const auth = auths.find(
      ({ method, mechanism }) => method === 'TOKEN' && mechanism === 'DIGEST-MD5',
    )
    if (auth === undefined) {
      const offered = auths.map(({ method, mechanism }) => `${method} (${mechanism})`).join(', ')
      throw new Error(
        `the server takes no TOKEN with DIGEST-MD5, but ${offered === '' ? 'nothing' : offered}; Kerberos is not supported`,
      )
    }
    if (auth.challenge === undefined) throw new Error('the server sends no challenge')
    const challenge = parseDigestChallenge(auth.challenge)
    if (!challenge.qop.includes('auth'))
      throw new Error(
        `the server demands ${challenge.qop.join(' or ')}: integrity and privacy are not supported, hadoop.rpc.protection must allow 'authentication'`,
      )
    const { method, mechanism, protocol, serverId } = auth
    const credentials = {
      userName: Buffer.from(this.#token.identifier).toString('base64'),
      password: Buffer.from(this.#token.password).toString('base64'),
      digestUri: `${protocol ?? ''}/${serverId ?? ''}`,
      cnonce: this.#cnonce,
    }
    this.#proof = { challenge, credentials }
    return {
      version: 0,
      state: 'INITIATE',
      token: digestResponse(challenge, credentials),
      auths: [{ method, mechanism, protocol, serverId }],
    }
  }

  #verify(answer: Uint8Array | undefined): void {
    if (this.#proof === undefined)
      throw new Error('the server lets anybody in, without a look at the token')
    const { challenge, credentials } = this.#proof
    if (answer === undefined || !isServerAuthentic(answer, challenge, credentials))
      throw new Error('the server does not prove that it knows the token')
  }
}
