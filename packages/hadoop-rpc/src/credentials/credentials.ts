import { FlinkError } from '@flink-ts/core'
import { DelimitedReader, delimited } from '../ipc/delimited.js'
import { decodeMessage, encodeMessage } from '../messages/message-codec.js'
import type { Token } from '../yarn/records.js'
import { WritableReader, WritableWriter } from './writable.js'

/** What a `container_tokens` file holds: tokens and further secrets by their aliases. */
export interface Credentials {
  readonly tokens: ReadonlyMap<string, Token>
  readonly secrets: ReadonlyMap<string, Uint8Array>
}

/** `writable`: version 0, what NodeManagers write; `protobuf`: version 1. */
export type CredentialsFormat = 'writable' | 'protobuf'

/** The bytes are no credentials. Says nothing of what is in them. */
export class InvalidCredentialsError extends FlinkError {
  constructor(reason: string, cause?: unknown) {
    super(`These are no credentials of Hadoop (container_tokens): ${reason}`, {
      code: 'FLINK_HADOOP_CREDENTIALS',
      cause,
    })
  }
}

const MAGIC = [0x48, 0x44, 0x54, 0x53]
const WRITABLE = 0
const PROTOBUF = 1

/**
 * Reads the content of a `container_tokens` file, of either version.
 *
 * @throws InvalidCredentialsError
 */
export function parseCredentials(bytes: Uint8Array): Credentials {
  if (MAGIC.some((byte, index) => bytes[index] !== byte))
    throw new InvalidCredentialsError('they do not begin with HDTS')
  const version = bytes[MAGIC.length]
  const body = bytes.subarray(MAGIC.length + 1)
  try {
    if (version === WRITABLE) return parseWritable(body)
    if (version === PROTOBUF) return parseProtobuf(body)
  } catch (error) {
    throw new InvalidCredentialsError((error as Error).message, error)
  }
  throw new InvalidCredentialsError(
    version === undefined ? 'they are cut off' : `they are of version ${version}, not 0 or 1`,
  )
}

/** The content of a `container_tokens` file. Default format: `writable`, which every Hadoop reads. */
export function formatCredentials(
  credentials: Credentials,
  format: CredentialsFormat = 'writable',
): Uint8Array {
  const body = format === 'writable' ? writableOf(credentials) : protobufOf(credentials)
  const version = format === 'writable' ? WRITABLE : PROTOBUF
  return Uint8Array.from([...MAGIC, version, ...body])
}

/** The first token of a kind, such as `YARN_AM_RM_TOKEN`; undefined: there is none. */
export function tokenOfKind(credentials: Credentials, kind: string): Token | undefined {
  for (const token of credentials.tokens.values()) if (token.kind === kind) return token
  return undefined
}

function parseWritable(body: Uint8Array): Credentials {
  const reader = new WritableReader(body)
  const tokens = new Map<string, Token>()
  for (let rest = reader.count(); rest > 0; rest--) {
    const alias = reader.text()
    const identifier = reader.bytes()
    const password = reader.bytes()
    tokens.set(alias, { identifier, password, kind: reader.text(), service: reader.text() })
  }
  const secrets = new Map<string, Uint8Array>()
  for (let rest = reader.count(); rest > 0; rest--) secrets.set(reader.text(), reader.bytes())
  reader.end()
  return { tokens, secrets }
}

function writableOf({ tokens, secrets }: Credentials): Uint8Array {
  const writer = new WritableWriter()
  writer.vint(tokens.size)
  for (const [alias, token] of tokens) {
    writer.text(alias)
    writer.bytes(token.identifier)
    writer.bytes(token.password)
    writer.text(token.kind)
    writer.text(token.service)
  }
  writer.vint(secrets.size)
  for (const [name, secret] of secrets) {
    writer.text(name)
    writer.bytes(secret)
  }
  return writer.finish()
}

function parseProtobuf(body: Uint8Array): Credentials {
  const length = new DelimitedReader(body)
  const message = decodeMessage('Credentials', length.next())
  const tokens = new Map<string, Token>()
  for (const { alias, token } of message.tokens) {
    if (token === undefined) throw new Error('an entry has no token')
    const { identifier, password, kind, service } = token
    tokens.set(alias, {
      identifier: Uint8Array.from(identifier),
      password: Uint8Array.from(password),
      kind,
      service,
    })
  }
  const secrets = new Map<string, Uint8Array>()
  for (const { alias, secret } of message.secrets) {
    if (secret === undefined) throw new Error('an entry has no secret')
    secrets.set(alias, Uint8Array.from(secret))
  }
  return { tokens, secrets }
}

function protobufOf({ tokens, secrets }: Credentials): Uint8Array {
  const message = encodeMessage('Credentials', {
    tokens: [...tokens].map(([alias, { identifier, password, kind, service }]) => ({
      alias,
      token: { identifier, password, kind, service },
    })),
    secrets: [...secrets].map(([alias, secret]) => ({ alias, secret })),
  })
  return delimited([message])
}
