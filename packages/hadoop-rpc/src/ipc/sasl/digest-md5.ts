import { createHash, timingSafeEqual } from 'node:crypto'

/** What a server asks for with DIGEST-MD5 (RFC 2831). */
export interface DigestChallenge {
  readonly realm: string
  readonly nonce: string
  /** Such as `auth`; several: the client chooses. */
  readonly qop: readonly string[]
}

/** Whose secret answers a challenge, and what for. */
export interface DigestCredentials {
  readonly userName: string
  readonly password: string
  /** Such as `/default`. */
  readonly digestUri: string
  /** Chosen by the client at random. */
  readonly cnonce: string
}

const DIRECTIVE = /\s*([A-Za-z0-9-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]*))\s*(?:,|$)/y

/** @throws Error if the text is no challenge of DIGEST-MD5 that can be answered here */
export function parseDigestChallenge(bytes: Uint8Array): DigestChallenge {
  const directives = parseDirectives(bytes)
  const nonce = directives.get('nonce')
  if (nonce === undefined || nonce === '') throw new Error('the challenge has no nonce')
  const algorithm = directives.get('algorithm')
  if (algorithm !== 'md5-sess')
    throw new Error(`the challenge wants the algorithm ${algorithm}, not md5-sess`)
  return {
    realm: directives.get('realm') ?? '',
    nonce,
    qop: (directives.get('qop') ?? 'auth').split(',').map((qop) => qop.trim()),
  }
}

/** The client's answer, for the quality of protection `auth`. */
export function digestResponse(
  challenge: DigestChallenge,
  credentials: DigestCredentials,
): Uint8Array {
  const { userName, cnonce, digestUri } = credentials
  const text = [
    'charset=utf-8',
    `username=${quote(userName)}`,
    `realm=${quote(challenge.realm)}`,
    `nonce=${quote(challenge.nonce)}`,
    'nc=00000001',
    `cnonce=${quote(cnonce)}`,
    `digest-uri=${quote(digestUri)}`,
    'maxbuf=65536',
    `response=${digest('AUTHENTICATE', challenge, credentials)}`,
    'qop=auth',
  ].join(',')
  return new TextEncoder().encode(text)
}

/** Whether the server's last word proves that it knows the password, too. */
export function isServerAuthentic(
  bytes: Uint8Array,
  challenge: DigestChallenge,
  credentials: DigestCredentials,
): boolean {
  const expected = Buffer.from(digest('', challenge, credentials))
  const actual = Buffer.from(parseDirectives(bytes).get('rspauth') ?? '')
  return actual.length === expected.length && timingSafeEqual(actual, expected)
}

function digest(
  method: string,
  { realm, nonce }: DigestChallenge,
  { userName, password, digestUri, cnonce }: DigestCredentials,
): string {
  const a1 = Buffer.concat([
    createHash('md5').update(`${userName}:${realm}:${password}`).digest(),
    Buffer.from(`:${nonce}:${cnonce}`),
  ])
  const a2 = `${method}:${digestUri}`
  return md5Hex(`${md5Hex(a1)}:${nonce}:00000001:${cnonce}:auth:${md5Hex(a2)}`)
}

const md5Hex = (data: string | Uint8Array) => createHash('md5').update(data).digest('hex')

const quote = (value: string) => `"${value.replace(/["\\]/g, '\\$&')}"`

function parseDirectives(bytes: Uint8Array): ReadonlyMap<string, string> {
  const text = new TextDecoder().decode(bytes).replace(/,+\s*$/, '')
  const directives = new Map<string, string>()
  DIRECTIVE.lastIndex = 0
  while (DIRECTIVE.lastIndex < text.length) {
    const match = DIRECTIVE.exec(text)
    if (match === null) throw new Error('the server speaks no DIGEST-MD5')
    const [, name, quoted, plain] = match
    directives.set(name!.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '')
  }
  return directives
}
