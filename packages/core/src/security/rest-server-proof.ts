import { timingSafeEqual } from 'node:crypto'
import { hostname } from 'node:os'
import type { ClusterSecret } from './cluster-secret.js'

/** Headers by which a REST server that refuses a request shows that it knows the secret: asked with a nonce, answered with the proof. */
export const SERVER_PROOF_HEADERS = {
  nonce: 'flink-ts-prove',
  proof: 'flink-ts-proof',
} as const

const NONCE = /^[0-9a-f]{64}$/

/** One end of a TCP connection: that of the server, as it sees itself, or as its client sees it. */
export interface ServerEnd {
  readonly address: string | undefined
  readonly port: number | undefined
}

/**
 * Proves knowledge of the secret for one nonce and one end of a connection: whoever passes the nonce on to another server gets a proof
 * for that server's end, which is not the one that the client is connected to. On loopback the name of the machine counts, too.
 *
 * @param nonce 64 hexadecimal digits, of which nobody knew before
 * @returns undefined for what is no nonce, or no connection
 */
export function proveRestServer(
  secret: ClusterSecret,
  nonce: string,
  { address, port }: ServerEnd,
): string | undefined {
  if (!NONCE.test(nonce) || address === undefined || port === undefined) return undefined
  // A listener on :: has addresses of IPv4 in the form of IPv6.
  const host = address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '')
  const machine = host === '::1' || /^127\./.test(host) ? hostname() : ''
  const text = ['flink-ts rest server v1', nonce, host, port, machine].join('\0')
  return secret.prove([Buffer.from(text)]).toString('hex')
}

/** Whether `proof` is that of a server which knows the secret. */
export function isRestServerProven(
  secret: ClusterSecret,
  nonce: string,
  end: ServerEnd,
  proof: string,
): boolean {
  const expected = Buffer.from(proveRestServer(secret, nonce, end) ?? '')
  const given = Buffer.from(proof)
  return given.length === 64 && expected.length === 64 && timingSafeEqual(expected, given)
}
