import type { Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import type { Clock } from '../clock/clock.js'
import { authenticateAsClient, type ConnectionPurpose } from './handshake.js'
import { PeerAuthenticationError } from './peer-authentication-error.js'
import { certificateProblem, type TlsMaterial } from './tls-material.js'
import type { TransportSecurity } from './transport-security.js'

export const DEFAULT_HANDSHAKE_TIMEOUT_MS = 10_000

export interface SecureConnectOptions {
  readonly security: TransportSecurity
  readonly purpose: ConnectionPurpose
  /** How this process calls itself in the peer's log. */
  readonly name: string
  /** Address of the peer, for messages. */
  readonly peer: string
  readonly clock: Clock
}

/**
 * Speaks TLS, if it is configured, and proves both sides to each other. Bytes that the caller writes to the socket it
 * gets go to a peer that has the cluster's secret.
 *
 * @param socket connected, and not read yet; it is destroyed when this fails
 * @throws PeerAuthenticationError when one side does not accept the other
 * @throws Error when the connection breaks or nothing happens for too long
 */
export async function secureConnect(
  socket: Socket,
  options: SecureConnectOptions,
): Promise<Socket> {
  const { security, clock } = options
  const timeoutMs = security.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS
  const ignore = () => {}
  // Whoever gets the socket listens later than it may break.
  socket.on('error', ignore)
  const cancelTimer = clock.schedule(timeoutMs, () =>
    socket.destroy(new Error(`no handshake within ${timeoutMs} ms`)),
  )
  try {
    const secured =
      security.tls === undefined ? socket : await startTls(socket, security.tls, options)
    await authenticateAsClient(secured, { ...options, secret: security.secret })
    return secured
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    cancelTimer()
  }
}

function startTls(
  socket: Socket,
  material: TlsMaterial,
  { purpose, peer }: SecureConnectOptions,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secured = connect({
      ...material,
      socket,
      // Judged below, where the problem can be told.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      ...(purpose === 'rpc' ? { ALPNProtocols: ['h2'] } : {}),
    })
    const onClose = () => reject(socket.errored ?? new Error('the peer closed the connection'))
    secured.on('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ECONNRESET') reject(cause)
      const plain = /wrong version|packet length|http request/i.test(cause.message)
      const problem = plain
        ? 'it does not speak TLS; security.ssl.internal.enabled must be the same everywhere'
        : `TLS failed: ${cause.message}`
      const refusal = plain ? 'protocol' : 'certificate'
      reject(new PeerAuthenticationError({ peer, refusal, problem, cause }))
    })
    secured.once('close', onClose)
    secured.once('secureConnect', () => {
      secured.off('close', onClose)
      const problem = certificateProblem(secured, material)
      if (problem === undefined) resolve(secured)
      else {
        secured.destroy()
        reject(new PeerAuthenticationError({ peer, refusal: 'certificate', problem }))
      }
    })
  })
}
