import { lookup } from 'node:dns/promises'
import {
  type AddressInfo,
  createServer,
  isIP,
  type Server,
  type ServerOpts,
  type Socket,
} from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import type { Clock } from '../clock/clock.js'
import type { Logger } from '../logging/logger.js'
import { authenticateAsServer, type ConnectionPurpose } from './handshake.js'
import { PeerAuthenticationError, type PeerRefusal } from './peer-authentication-error.js'
import { RefusedPeers } from './refused-peers.js'
import { DEFAULT_HANDSHAKE_TIMEOUT_MS } from './secure-connect.js'
import { certificateProblem } from './tls-material.js'
import type { TransportSecurity } from './transport-security.js'

/** Connections that have not proved themselves yet: the oldest makes room for a new one. */
const MAX_PENDING = 256

export interface SecureListenerOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Absent: everybody is accepted, as among threads of one test. */
  readonly security: TransportSecurity | undefined
  readonly purpose: ConnectionPurpose
  readonly clock: Clock
  readonly log: Logger
  /** Of each connection. */
  readonly socketOptions?: ServerOpts
  /** A peer that has proved itself; its socket has not been read beyond that. */
  readonly onConnection: (socket: Socket) => void
}

/** A port that only processes of the own cluster get through. Whoever is refused is logged once. */
export class SecureListener {
  readonly port: number
  readonly #options: SecureListenerOptions
  readonly #servers: readonly Server[]
  readonly #refused: RefusedPeers
  /** In the order in which they came. */
  readonly #pending = new Set<Socket>()
  #closed: Promise<void> | undefined

  /** @throws Error with the system's code, such as EADDRINUSE */
  static async listen(options: SecureListenerOptions): Promise<SecureListener> {
    const servers: Server[] = []
    let port = options.port
    for (const host of await addressesOf(options.host)) {
      const server = newServer(options)
      try {
        await listening(server, host, port)
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        // A name may stand for an address of a family that this machine does not use.
        const isOptional = servers.length > 0 && (options.port === 0 || code !== 'EADDRINUSE')
        if (isOptional) continue
        for (const other of servers) other.close()
        throw error
      }
      servers.push(server)
      port = (server.address() as AddressInfo).port
    }
    return new SecureListener(options, servers, port)
  }

  private constructor(options: SecureListenerOptions, servers: readonly Server[], port: number) {
    this.#options = options
    this.#servers = servers
    this.port = port
    this.#refused = new RefusedPeers(options.log)
    for (const server of servers) this.#serve(server)
  }

  /** Takes no more connections and drops those that are not accepted yet; the others are their owners'. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  #serve(server: Server): void {
    const { security } = this.#options
    // Behind a listening server an error is one of a single connection that could not be taken.
    server.on('error', (error) => this.#options.log.warn('A connection was not taken', { error }))
    server.on('connection', (socket: Socket) => {
      socket.on('error', () => {})
      if (security !== undefined) this.#limitPending(socket)
    })
    if (security?.tls === undefined) {
      server.on('connection', (socket: Socket) => void this.#accept(socket))
      return
    }
    server.on('secureConnection', (socket: TLSSocket) => {
      socket.on('error', () => {})
      void this.#accept(socket)
    })
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      if (error.code === 'ECONNRESET') return
      const isPlain = /wrong version|http request|packet length/i.test(error.message)
      const problem = isPlain
        ? 'it does not speak TLS; security.ssl.internal.enabled must be the same everywhere'
        : `TLS failed: ${error.message}`
      this.#refuse(addressOf(socket), isPlain ? 'protocol' : 'certificate', problem)
    })
  }

  async #accept(socket: Socket): Promise<void> {
    const { security, onConnection, purpose, clock } = this.#options
    if (security === undefined) {
      onConnection(socket)
      return
    }
    const { secret, tls } = security
    const address = addressOf(socket)
    const timeoutMs = security.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS
    const cancelTimer = clock.schedule(timeoutMs, () => {
      this.#refuse(address, 'protocol', `it did not say who it is within ${timeoutMs} ms`)
      socket.destroy()
    })
    try {
      const problem = tls === undefined ? undefined : certificateProblem(socket as TLSSocket, tls)
      const peer = address
      const name = await authenticateAsServer(socket, {
        secret,
        purpose,
        peer,
        certificateProblem: problem,
      })
      this.#forget(socket)
      this.#refused.accepted(`${name === '' ? address : `${address} (${name})`}|`)
      if (this.#closed !== undefined) socket.destroy()
      else onConnection(socket)
    } catch (error) {
      this.#forget(socket)
      if (error instanceof PeerAuthenticationError) {
        this.#refuse(error.peer, error.refusal, error.message)
        // What was written still reaches it; then the connection ends whatever it does.
        socket.end()
        clock.schedule(1000, () => socket.destroy())
      } else {
        this.#options.log.debug('A connection broke before its peer was known', { address, error })
        socket.destroy()
      }
    } finally {
      cancelTimer()
    }
  }

  #refuse(peer: string, refusal: PeerRefusal, problem: string): void {
    this.#refused.refused(`${peer}|${refusal}`, 'Refused a peer', {
      peer,
      port: this.port,
      purpose: this.#options.purpose,
      reason: problem,
    })
  }

  #limitPending(socket: Socket): void {
    if (this.#pending.size >= MAX_PENDING) {
      const [oldest] = this.#pending
      oldest?.destroy()
    }
    this.#pending.add(socket)
    socket.once('close', () => this.#pending.delete(socket))
  }

  #forget(socket: Socket): void {
    this.#pending.delete(socket)
    for (const raw of this.#pending) {
      if (raw.remotePort === socket.remotePort && raw.remoteAddress === socket.remoteAddress) {
        this.#pending.delete(raw)
      }
    }
  }

  async #close(): Promise<void> {
    // Not waited for: connections that were handed out may last longer. The port is free at once.
    for (const server of this.#servers) server.close()
    for (const socket of this.#pending) socket.destroy()
  }
}

function newServer({ security, purpose, socketOptions }: SecureListenerOptions): Server {
  if (security?.tls === undefined) return createServer(socketOptions ?? {})
  return createTlsServer({
    ...socketOptions,
    ...security.tls,
    requestCert: true,
    // Judged when the peer has said who it is, so that both sides can tell what is wrong.
    rejectUnauthorized: false,
    handshakeTimeout: security.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS,
    ...(purpose === 'rpc' ? { ALPNProtocols: ['h2'] } : {}),
  })
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function addressesOf(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host]
  const found = await lookup(host, { all: true })
  return [...new Set(found.map(({ address }) => address))]
}

function addressOf(socket: Socket): string {
  return socket.remoteAddress?.replace(/^::ffff:/, '') ?? 'an unknown address'
}
