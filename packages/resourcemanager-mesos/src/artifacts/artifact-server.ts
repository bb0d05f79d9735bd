import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import type { Clock, Logger } from '@flink-ts/core'
import type { TlsMaterial } from '@flink-ts/core/security'
import type { Artifact } from './artifact.js'
import { ArtifactServerError } from './artifact-server-error.js'
import { OpenConnections } from './open-connections.js'
import { isSameText, newNonce } from './sealing.js'
import { TICKET_PATH } from './ticket-claim.js'

/** A burst of agents must not meet SYN cookies or resets; the machine may allow less. */
const BACKLOG = 4096

const LIMITS = {
  /** Of the request line and all headers. */
  headerBytes: 8 * 1024,
  /** For the headers to come. */
  headerMs: 10_000,
  /** Without a byte in either direction. */
  idleMs: 30_000,
  /** For a whole answer. */
  answerMs: 15 * 60_000,
  /** In all. As many fetchers as agents start tasks at a time; each costs a buffer. */
  connections: 4096,
  /** Of those that have not shown that they know our path; beyond it those make room who have had `strangerMs`. */
  strangers: 256,
  strangerMs: 2_000,
}

export interface ArtifactServerOptions {
  readonly bindHost: string
  /** The first free one counts. */
  readonly ports: readonly number[]
  readonly tls?: TlsMaterial | undefined
  readonly artifacts: readonly Artifact[]
  /** Answers who shows a ticket. @param authorization the header of that name */
  readonly onTicket: (authorization: string | undefined, peer: string) => TicketReply
  readonly clock: Clock
  readonly log: Logger
  readonly limits?: Partial<typeof LIMITS>
}

export interface TicketReply {
  readonly status: 200 | 401 | 403 | 409
  readonly body: Uint8Array
}

/**
 * The HTTP server of the JobManager from which agents fetch what tasks start with. Its paths cannot be guessed; it serves nothing but the
 * artifacts it was given, and lists nothing.
 */
export class ArtifactServer {
  readonly port: number
  readonly #options: ArtifactServerOptions
  readonly #server: Server
  readonly #limits: typeof LIMITS
  readonly #prefix = newNonce()
  readonly #artifacts: ReadonlyMap<string, Artifact>
  readonly #connections: OpenConnections
  #closed: Promise<void> | undefined

  /** @throws ArtifactServerError */
  static async listen(options: ArtifactServerOptions): Promise<ArtifactServer> {
    const limits = { ...LIMITS, ...options.limits }
    // Whoever speaks before we listen is one of another process that had the port.
    let listener: RequestListener = (_, response) => response.destroy()
    const server = newServer(options, limits, (...args) => listener(...args))
    const port = await listenOnFirst(server, options)
    const artifactServer = new ArtifactServer(options, server, limits, port)
    listener = (request, response) => void artifactServer.#answer(request, response)
    return artifactServer
  }

  private constructor(
    options: ArtifactServerOptions,
    server: Server,
    limits: typeof LIMITS,
    port: number,
  ) {
    this.#options = options
    this.#server = server
    this.#limits = limits
    this.port = port
    this.#artifacts = new Map(options.artifacts.map((artifact) => [artifact.name, artifact]))
    this.#connections = new OpenConnections(server, limits, options.clock)
    server.on('error', (error) => options.log.warn('A connection was not taken', { error }))
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
      options.log.debug('Refused what is no request', { peer: addressOf(socket), error })
      if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy()
      const status =
        error.code === 'HPE_HEADER_OVERFLOW'
          ? '431 Request Header Fields Too Large'
          : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
            ? '408 Request Timeout'
            : '400 Bad Request'
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      // Perhaps it does not read either.
      options.clock.schedule(1000, () => socket.destroy())
    })
  }

  /** Path of everything that it serves, without a slash at the end. */
  get basePath(): string {
    return `/${this.#prefix}`
  }

  /** Cuts all connections. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#connections.destroyAll()
    })
    return this.#closed
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { clock, log } = this.#options
    const { method = '', socket } = request
    const peer = addressOf(socket)
    // Bodies are not read: whoever sends one is told, and the connection ends.
    const hasBody =
      request.headers['transfer-encoding'] !== undefined ||
      Number(request.headers['content-length'] ?? 0) > 0
    if (hasBody) response.shouldKeepAlive = false
    const cancel = clock.schedule(this.#limits.answerMs, () => response.destroy())
    try {
      if (method !== 'GET' && method !== 'HEAD') {
        response.setHeader('Allow', 'GET, HEAD')
        return reply(response, 405)
      }
      const name = this.#nameOf(request.url ?? '')
      if (name !== undefined) this.#connections.know(socket)
      if (name === TICKET_PATH && method === 'GET') return this.#redeem(request, response, peer)
      const artifact = name === undefined ? undefined : this.#artifacts.get(name)
      if (artifact === undefined) return reply(response, 404)
      await this.#send(artifact, request, response, peer)
    } catch (error) {
      // Whoever fetches tries again, or its task fails with what the fetcher says.
      log.warn('Could not serve a request', { peer, error })
      if (response.headersSent) response.destroy()
      else reply(response, 500)
    } finally {
      cancel()
    }
  }

  /** Undefined: it is not below our path. */
  #nameOf(url: string): string | undefined {
    const match = /^\/([0-9a-f]{32})\/([^/?#]{1,200})$/.exec(url)
    return match !== null && isSameText(match[1]!, this.#prefix) ? match[2] : undefined
  }

  #redeem(request: IncomingMessage, response: ServerResponse, peer: string): void {
    const { status, body } = this.#options.onTicket(request.headers.authorization, peer)
    response.setHeader('Cache-Control', 'no-store')
    if (status === 401) response.setHeader('WWW-Authenticate', 'Flink-Ticket')
    reply(response, status, body)
  }

  async #send(
    artifact: Artifact,
    request: IncomingMessage,
    response: ServerResponse,
    peer: string,
  ): Promise<void> {
    const path = await artifact.file()
    const { size } = await stat(path)
    response.setHeader('Content-Type', artifact.contentType)
    response.setHeader('Content-Length', size)
    response.setHeader('ETag', `"${artifact.name}"`)
    response.setHeader('Cache-Control', 'private, max-age=31536000, immutable')
    response.writeHead(200)
    if (request.method === 'HEAD') return void response.end()
    const { log } = this.#options
    try {
      await pipeline(createReadStream(path), response)
      log.debug('An artifact was fetched', { artifact: artifact.name, peer, bytes: size })
    } catch (error) {
      log.info('A fetch of an artifact broke off', { artifact: artifact.name, peer, error })
      response.destroy()
    }
  }
}

function reply(response: ServerResponse, status: number, body?: Uint8Array): void {
  response.writeHead(status, { 'Content-Length': body?.length ?? 0 })
  response.end(body)
}

function newServer(
  { tls }: ArtifactServerOptions,
  limits: typeof LIMITS,
  listener: RequestListener,
): Server {
  const options: ServerOptions = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headerMs,
    requestTimeout: limits.headerMs,
    connectionsCheckingInterval: Math.max(50, Math.floor(limits.headerMs / 4)),
    keepAliveTimeout: 5000,
  }
  // Fetchers have no certificate to show.
  const server =
    tls === undefined
      ? createServer(options, listener)
      : createTlsServer({ ...options, ...tls, handshakeTimeout: limits.headerMs }, listener)
  server.timeout = limits.idleMs
  server.maxHeadersCount = 50
  return server
}

async function listenOnFirst(
  server: Server,
  { bindHost, ports }: ArtifactServerOptions,
): Promise<number> {
  let failure: NodeJS.ErrnoException | undefined
  for (const port of ports) {
    try {
      return await listen(server, bindHost, port)
    } catch (error) {
      failure = error as NodeJS.ErrnoException
      if (failure.code !== 'EADDRINUSE') break
    }
  }
  const tried = ports.length > 3 ? `${ports[0]} to ${ports.at(-1)}` : ports.join(', ')
  throw new ArtifactServerError(bindHost, tried, failure!)
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

function addressOf(socket: Socket): string {
  return socket.remoteAddress?.replace(/^::ffff:/, '') ?? 'an unknown address'
}
