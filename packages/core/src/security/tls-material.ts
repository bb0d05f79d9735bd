import type { SecureContextOptions, SecureVersion, TLSSocket } from 'node:tls'

/** Own key and certificate and whom to trust, as Node's TLS takes them. Cloneable. Contains the private key. */
export interface TlsMaterial extends Pick<SecureContextOptions, 'key' | 'cert' | 'passphrase'> {
  readonly ca: string[]
  readonly minVersion: SecureVersion
  readonly ciphers: string
  /** SHA-1 or SHA-256 in capital hex, that the certificate of a peer must have. */
  readonly fingerprint?: string
}

/** What is wrong with the certificate of a peer; undefined if it may speak with us. Names do not matter. */
export function certificateProblem(socket: TLSSocket, material: TlsMaterial): string | undefined {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return 'it showed no certificate'
  const subject = certificate.subject.replaceAll('\n', ', ')
  if (!socket.authorized) {
    return `its certificate (${subject}) is not trusted: ${String(socket.authorizationError)}`
  }
  const wanted = material.fingerprint
  if (wanted === undefined) return undefined
  const actual = wanted.length === 40 ? certificate.fingerprint : certificate.fingerprint256
  return actual.replaceAll(':', '') === wanted
    ? undefined
    : `its certificate (${subject}) has the fingerprint ${actual}`
}
