import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'
import type { ClusterSecret } from './cluster-secret.js'
import { PeerAuthenticationError, type PeerRefusal } from './peer-authentication-error.js'
import { readExactly } from './read-exactly.js'

/*
 * Each side proves that it knows the cluster's secret, without showing it. Before anything else on a connection:
 *
 *   client → server  Hello      'FTS1', u8 purpose, 32 bytes nonce, u8 length, name (ASCII, for the log of the server)
 *   server → client  Challenge  'FTSC', 32 bytes nonce, 32 bytes proof of the server
 *   client → server  Proof      32 bytes proof of the client
 *   server → client  Verdict    'FTSV', u8 0
 *   or, in the place of Challenge or Verdict:  'FTSR', u8 reason
 *
 * proof = HMAC-SHA256(secret, 'flink-ts handshake 1 server' or '… client', purpose, nonce of the client, of the server).
 * Both nonces are new for each connection, so that nothing recorded can be used again; the sides and purposes have
 * proofs of their own, so that none can be sent back. The client sends nothing else before the Verdict.
 */

export type ConnectionPurpose = 'rpc' | 'data'

const PURPOSES: Readonly<Record<ConnectionPurpose, number>> = { rpc: 1, data: 2 }
const REASONS: readonly PeerRefusal[] = ['secret', 'certificate', 'protocol']

const HELLO = Buffer.from('FTS1')
const CHALLENGE = Buffer.from('FTSC')
const VERDICT = Buffer.from('FTSV')
const REFUSED = Buffer.from('FTSR')
const TAG_BYTES = 4
/** First bytes of records of TLS. */
const TLS_ALERT = 0x15
const TLS_HANDSHAKE = 0x16
const NONCE_BYTES = 32
const PROOF_BYTES = 32
const MAX_NAME_BYTES = 200

/** @throws PeerAuthenticationError */
export async function authenticateAsClient(
  socket: Socket,
  options: { secret: ClusterSecret; purpose: ConnectionPurpose; name: string; peer: string },
): Promise<void> {
  const { secret, purpose, peer } = options
  const name = printable(options.name)
  const nonce = randomBytes(NONCE_BYTES)
  socket.write(
    Buffer.concat([HELLO, Buffer.of(PURPOSES[purpose]), nonce, Buffer.of(name.length), name]),
  )
  await expectTag(socket, CHALLENGE, options)
  const serverNonce = await readExactly(socket, NONCE_BYTES)
  const serverProof = await readExactly(socket, PROOF_BYTES)
  // Also to a server without the secret, which learns nothing from it, so that it can tell in its log.
  const proofSent = written(socket, prove(secret, 'client', purpose, nonce, serverNonce))
  const isKnown = timingSafeEqual(serverProof, prove(secret, 'server', purpose, nonce, serverNonce))
  await expectTag(socket, VERDICT, options)
  await readExactly(socket, 1)
  await proofSent
  if (!isKnown) throw new PeerAuthenticationError({ peer, ...otherSecret(secret) })
}

/**
 * @returns how the client calls itself: unproven, but printable
 * @throws PeerAuthenticationError after the client was told
 */
export async function authenticateAsServer(
  socket: Socket,
  options: {
    secret: ClusterSecret
    purpose: ConnectionPurpose
    peer: string
    /** What is wrong with its certificate, told only to who speaks the protocol. */
    certificateProblem: string | undefined
  },
): Promise<string> {
  const { secret, purpose } = options
  const tag = await readExactly(socket, TAG_BYTES)
  if (!tag.equals(HELLO)) {
    const problem =
      tag[0] === TLS_HANDSHAKE
        ? 'it speaks TLS, this process does not; security.ssl.internal.enabled must be the same everywhere'
        : `it is no process of flink-ts: its first bytes are ${JSON.stringify(tag.toString('latin1'))}`
    throw new PeerAuthenticationError({ peer: options.peer, refusal: 'protocol', problem })
  }
  const [wanted] = await readExactly(socket, 1)
  const nonce = await readExactly(socket, NONCE_BYTES)
  const [nameBytes] = await readExactly(socket, 1)
  const name = printable((await readExactly(socket, nameBytes!)).toString('latin1')).toString()
  const peer = name === '' ? options.peer : `${options.peer} (${name})`
  const refuse = (refusal: PeerRefusal, problem: string): never => {
    socket.write(Buffer.concat([REFUSED, Buffer.of(REASONS.indexOf(refusal))]))
    throw new PeerAuthenticationError({ peer, refusal, problem })
  }
  if (wanted !== PURPOSES[purpose]) refuse('protocol', 'it wants another service than this one')
  if (options.certificateProblem !== undefined) refuse('certificate', options.certificateProblem)
  const serverNonce = randomBytes(NONCE_BYTES)
  const serverProof = prove(secret, 'server', purpose, nonce, serverNonce)
  socket.write(Buffer.concat([CHALLENGE, serverNonce, serverProof]))
  const proof = await readExactly(socket, PROOF_BYTES)
  if (!timingSafeEqual(proof, prove(secret, 'client', purpose, nonce, serverNonce))) {
    const { refusal, problem } = otherSecret(secret)
    refuse(refusal, problem)
  }
  await written(socket, Buffer.concat([VERDICT, Buffer.of(0)]))
  return name
}

/** HTTP/2 takes the handle of the socket: the end of a write that it did not begin would abort the process. */
function written(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    // A connection that broke is seen by whoever reads or writes next.
    socket.write(bytes, () => resolve())
  })
}

async function expectTag(
  socket: Socket,
  expected: Buffer,
  { peer, secret }: { peer: string; secret: ClusterSecret },
): Promise<void> {
  const tag = await readExactly(socket, TAG_BYTES)
  if (tag.equals(expected)) return
  if (!tag.equals(REFUSED)) {
    const problem =
      tag[0] === TLS_ALERT
        ? 'it speaks TLS, this process does not; security.ssl.internal.enabled must be the same everywhere'
        : `what listens there is no process of flink-ts: it answers ${JSON.stringify(tag.toString('latin1'))}`
    throw new PeerAuthenticationError({ peer, refusal: 'protocol', problem })
  }
  const refusal = REASONS[(await readExactly(socket, 1))[0]!] ?? 'protocol'
  if (refusal === 'secret') throw new PeerAuthenticationError({ peer, ...otherSecret(secret) })
  const problem =
    refusal === 'certificate'
      ? 'it does not accept the certificate of this process; keystore and truststore of both must fit'
      : 'it offers another service there'
  throw new PeerAuthenticationError({ peer, refusal, problem })
}

function otherSecret(secret: ClusterSecret): { refusal: PeerRefusal; problem: string } {
  return {
    refusal: 'secret',
    problem:
      `it has another cluster secret than this process (${secret.origin}): it belongs to another cluster, or one of ` +
      'both has an old copy of the file',
  }
}

function prove(
  secret: ClusterSecret,
  side: 'client' | 'server',
  purpose: ConnectionPurpose,
  clientNonce: Buffer,
  serverNonce: Buffer,
): Buffer {
  const label = Buffer.from(`flink-ts handshake 1 ${side} ${purpose}\0`)
  return secret.prove([label, clientNonce, serverNonce])
}

/** Names go into logs: no line breaks, no control characters. */
function printable(name: string): Buffer {
  return Buffer.from(name.slice(0, MAX_NAME_BYTES).replace(/[^\x20-\x7e]/g, '?'), 'latin1')
}
