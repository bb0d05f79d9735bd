import assert from 'node:assert/strict'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { hostname } from 'node:os'
import { join } from 'node:path'
import {
  type Clock,
  type Configuration,
  hostAndPort,
  type Logger,
  parsePortRange,
  type Random,
  RestOptions,
  RpcOptions,
  SecurityOptions,
  WebOptions,
} from '@flink-ts/core'
import { type ClusterSecret, RefusedPeers, SERVER_PROOF_HEADERS } from '@flink-ts/core/security'
import type {
  DispatcherGateway,
  HighAvailabilityServices,
  ResourceManagerGateway,
} from '@flink-ts/runtime'
import findMyWay from 'find-my-way'
import { checkpointRoutes } from '../handlers/checkpoint-handlers.js'
import { clusterRoutes } from '../handlers/cluster-handlers.js'
import { jobRoutes } from '../handlers/job-handlers.js'
import { jobsRoutes } from '../handlers/jobs-handlers.js'
import { resourceRequirementsRoutes } from '../handlers/resource-requirements-handlers.js'
import { savepointRoutes } from '../handlers/savepoint-handlers.js'
import { taskManagerRoutes } from '../handlers/taskmanager-handlers.js'
import { vertexRoutes } from '../handlers/vertex-handlers.js'
import type { ErrorResponseBody } from '../messages/messages.js'
import { AskedOperations } from './asked-operations.js'
import { ExecutionGraphCache } from './execution-graph-cache.js'
import type { HandlerContext, Route, StoredProgram } from './handler.js'
import { listenInRange } from './listen-in-range.js'
import { readContent } from './request-body.js'
import { refuseForeignRequest } from './request-guard.js'
import { CHALLENGE, RestAuthenticator } from './rest-authenticator.js'
import { errorResponse, RestHandlerError } from './rest-handler-error.js'
import { StandbyProxy } from './standby-proxy.js'
import { isWelcomePage, sendWelcomePage } from './welcome-page.js'

const ROUTES: readonly Route[] = [
  ...clusterRoutes,
  ...jobsRoutes,
  ...jobRoutes,
  ...resourceRequirementsRoutes,
  ...checkpointRoutes,
  ...savepointRoutes,
  ...vertexRoutes,
  ...taskManagerRoutes,
]

/** Age of a cached execution graph unless `rest.cache.execution-graph.timeout` is set. */
const GRAPH_CACHE_MS = 500

/** Not in this release; the leader is gone; nobody leads. Nothing is wrong then. */
const EXPECTED_FAILURES: ReadonlySet<number> = new Set([501, 502, 503])

/** Seconds; a new leader is usually found sooner than anybody asks again. */
const RETRY_AFTER = '1'

const UNAUTHORIZED =
  'This cluster answers only to those who know its secret (security.rest.authentication.enabled).'

/** How long `close` waits for requests that are under way. */
const CLOSE_GRACE_MS = 3_000

const LEADER_MISSING =
  'Service temporarily unavailable due to an ongoing leader election. Please refresh.'

export interface RestServerOptions {
  readonly configuration: Configuration
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** The leading Dispatcher; undefined while there is none. */
  readonly dispatcher: () => DispatcherGateway | undefined
  /** The leading ResourceManager; undefined while there is none. */
  readonly resourceManager: () => ResourceManagerGateway | undefined
  /** Keeps a program where the Dispatcher finds it, until it is released; undefined while that is not there. */
  readonly storeProgram: (bytes: Uint8Array) => Promise<StoredProgram> | undefined
  readonly version: HandlerContext['version']
  /** Folder for uploads; made on start, removed on close. */
  readonly uploadFolder: string
  /** Of several JobManagers: those that do not lead pass requests on to the one that does. Default: there is only this. */
  readonly highAvailability?: Pick<HighAvailabilityServices, 'leaderElection' | 'leaderRetriever'>
  /** Asked for with `security.rest.authentication.enabled`; must be there then. */
  readonly secret?: ClusterSecret
}

/**
 * Serves the REST API of a cluster under `/` and `/v1`. It decides nothing: each call is handed to the leading
 * Dispatcher or ResourceManager.
 */
export class RestServerEndpoint {
  readonly #options: RestServerOptions
  readonly #log: Logger
  readonly #context: HandlerContext
  readonly #router = findMyWay({ ignoreTrailingSlash: true, maxParamLength: 500 })
  readonly #server: Server
  readonly #inFlight = new Set<Promise<void>>()
  readonly #proxy: StandbyProxy | undefined
  /** Undefined: whoever reaches this may call. */
  readonly #authenticator: RestAuthenticator | undefined
  readonly #refused: RefusedPeers
  #address: { host: string; port: number } | undefined

  constructor(options: RestServerOptions) {
    this.#options = options
    this.#log = options.log.child({ component: 'RestServerEndpoint' })
    const dispatcher = () => leading(options.dispatcher())
    this.#context = {
      clock: options.clock,
      random: options.random,
      log: this.#log,
      configuration: options.configuration,
      version: options.version,
      dispatcher,
      resourceManager: () => leading(options.resourceManager()),
      executionGraphs: new ExecutionGraphCache({
        clock: options.clock,
        timeToLiveMs:
          options.configuration.get(RestOptions.CACHE_EXECUTION_GRAPH_TIMEOUT) ?? GRAPH_CACHE_MS,
        dispatcher,
      }),
      operations: new AskedOperations(options.clock),
      storeProgram: async (file) => leading(options.storeProgram(await readFile(file.path))),
    }
    const { highAvailability, configuration, secret } = options
    this.#refused = new RefusedPeers(this.#log)
    if (configuration.get(SecurityOptions.REST_AUTHENTICATION_ENABLED)) {
      assert.ok(secret, 'without the secret of the cluster nobody can be told from a stranger')
      this.#authenticator = new RestAuthenticator(secret)
    }
    if (highAvailability !== undefined) {
      const connectTimeoutMs = configuration.get(RestOptions.CONNECTION_TIMEOUT)
      this.#proxy = new StandbyProxy({
        highAvailability,
        random: options.random,
        log: this.#log,
        connectTimeoutMs,
        // The leader itself waits that long for its components.
        idleTimeoutMs: connectTimeoutMs + configuration.get(RpcOptions.ASK_TIMEOUT),
      })
    }
    for (const route of ROUTES) {
      for (const prefix of ['', '/v1']) {
        this.#router.on(route.method, `${prefix}${route.path}`, () => {}, route)
      }
    }
    const serve = (request: IncomingMessage, response: ServerResponse) => {
      const work = this.#handle(request, response).finally(() => this.#inFlight.delete(work))
      this.#inFlight.add(work)
    }
    this.#server = createServer(serve)
    // Otherwise Node would ask anybody for the body before anything is checked.
    this.#server.on('checkContinue', serve).on('checkExpectation', serve)
    this.#server.keepAliveTimeout = options.configuration.get(RestOptions.IDLENESS_TIMEOUT)
  }

  /** @throws PortRangeExhaustedError naming every port that was tried, RestBindError */
  async start(): Promise<void> {
    if (this.#address !== undefined) return
    const { configuration, uploadFolder } = this.#options
    await mkdir(uploadFolder, { recursive: true })
    const configured = configuration.get(RestOptions.BIND_ADDRESS)
    // The name may stand for ::1 first, where clients that were told 127.0.0.1 would find nobody.
    const bindAddress = configured === 'localhost' ? '127.0.0.1' : configured
    const range =
      configuration.getOptional(RestOptions.BIND_PORT) ??
      String(configuration.get(RestOptions.PORT))
    const ports = parsePortRange(range) ?? []
    const port = await listenInRange(this.#server, bindAddress, ports, 'rest.port')
    // Such as a connection that could not be accepted; without a listener it would end the process.
    this.#server.on('error', (error) => this.#log.warn('Error of the REST server', { error }))
    const wildcard = bindAddress === '0.0.0.0' || bindAddress === '::'
    const host = configuration.get(RestOptions.ADDRESS) ?? (wildcard ? hostname() : bindAddress)
    this.#address = { host, port }
    this.#log.info('Rest endpoint listening', { host, port })
    this.#proxy?.start(`http://${this.address}`)
  }

  /** `host:port` for clients; the port is the one that was bound. */
  get address(): string {
    if (this.#address === undefined) throw new Error('The REST endpoint has not been started')
    return hostAndPort(this.#address.host, this.#address.port)
  }

  get port(): number {
    if (this.#address === undefined) throw new Error('The REST endpoint has not been started')
    return this.#address.port
  }

  /** Answers what is under way, and who waits for an operation, for a few seconds at the most; then closes all connections. */
  async close(): Promise<void> {
    // Nobody is to be sent here any more.
    if (this.#proxy !== undefined) await this.#proxy.close()
    const { operations } = this.#context
    if (operations.isAsked) await operations.whenAllAreTold()
    const closed = this.#server.listening
      ? new Promise<void>((resolve) => this.#server.close(() => resolve()))
      : Promise.resolve()
    this.#server.closeIdleConnections()
    // A client that never ends its request must not keep the cluster from ending.
    const cancelForce = this.#options.clock.schedule(CLOSE_GRACE_MS, () =>
      this.#server.closeAllConnections(),
    )
    await Promise.allSettled([...this.#inFlight])
    cancelForce()
    this.#server.closeAllConnections()
    await closed
    await rm(this.#options.uploadFolder, { recursive: true, force: true })
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const origin = this.#options.configuration.getOptional(WebOptions.ACCESS_CONTROL_ALLOW_ORIGIN)
    if (origin !== undefined) response.setHeader('Access-Control-Allow-Origin', origin)
    try {
      // First: what a foreign page made a browser send must not count for its credentials, nor ask for them.
      this.#refuseForeign(request)
      if (isWelcomePage(request)) {
        sendWelcomePage(request, response)
        return
      }
      this.#refuseStranger(request, response)
      if (request.headers.expect?.toLowerCase() === '100-continue') response.writeContinue()
      if (await this.#proxy?.forward(request, response)) return
      const { statusCode, body } = await this.#respond(request)
      send(response, statusCode, body)
    } catch (error) {
      const { statusCode, errors } = errorResponse(error)
      if (statusCode >= 500 && !EXPECTED_FAILURES.has(statusCode)) {
        this.#log.warn('Unhandled error in a REST handler', {
          method: request.method,
          url: request.url,
          error,
        })
      }
      if (statusCode === 503 && this.#proxy !== undefined) {
        response.setHeader('Retry-After', RETRY_AFTER)
      }
      // What the client still sends is not read: the connection cannot be used again.
      if (!request.complete && hasBody(request)) response.setHeader('Connection', 'close')
      send(response, statusCode, { errors } satisfies ErrorResponseBody)
    }
  }

  /** @throws RestHandlerError 403 */
  #refuseForeign(request: IncomingMessage): void {
    const { configuration } = this.#options
    const refusal = refuseForeignRequest(request.headers, {
      allowedHosts: [
        configuration.get(RestOptions.ADDRESS) ?? '',
        configuration.get(RestOptions.BIND_ADDRESS),
        hostname(),
      ],
      allowedOrigin: configuration.getOptional(WebOptions.ACCESS_CONTROL_ALLOW_ORIGIN),
    })
    if (refusal !== undefined) throw new RestHandlerError(refusal, 403)
  }

  /** Before the body is read, and before anything of the path or method is told. @throws RestHandlerError 401 */
  #refuseStranger(request: IncomingMessage, response: ServerResponse): void {
    if (this.#authenticator === undefined || this.#authenticator.accepts(request.headers)) return
    const proof = this.#authenticator.proofFor(request)
    if (proof !== undefined) {
      response.setHeader(SERVER_PROOF_HEADERS.proof, proof)
      // A client of the cluster, which comes again with its token: no stranger to be told of. Who tries one is.
      if (request.headers.authorization === undefined) throw new RestHandlerError(UNAUTHORIZED, 401)
    }
    const peer = request.socket.remoteAddress ?? 'unknown'
    const shown = request.headers.authorization === undefined ? 'no' : 'wrong'
    this.#refused.refused(`${peer} ${shown}`, `Refused a REST request with ${shown} credentials`, {
      peer,
    })
    response.setHeader('WWW-Authenticate', CHALLENGE)
    throw new RestHandlerError(UNAUTHORIZED, 401)
  }

  async #respond(request: IncomingMessage): Promise<{ statusCode: number; body: unknown }> {
    const { configuration, random, uploadFolder } = this.#options
    const url = URL.canParse(request.url ?? '/', 'http://localhost')
      ? new URL(request.url ?? '/', 'http://localhost')
      : undefined
    if (url === undefined) throw new RestHandlerError(`Not found: ${request.url}`, 404)
    const method = request.method as Route['method']
    const found = this.#router.find(method, url.pathname)
    if (found === null) {
      throw new RestHandlerError(
        method === 'GET'
          ? `Unable to load requested file ${url.pathname}.`
          : `Not found: ${url.pathname}`,
        404,
      )
    }
    const route = found.store as Route
    const content = await readContent(request, {
      maxBytes: configuration.get(RestOptions.SERVER_MAX_CONTENT_LENGTH),
      uploads: route.uploads === true,
      uploadFolder: () => join(uploadFolder, random.uuid()),
    })
    try {
      const { statusCode = 200, body } = await route.handler(
        { path: found.params, query: url.searchParams, body: content.body, files: content.files },
        this.#context,
      )
      return { statusCode, body }
    } finally {
      await content.release()
    }
  }
}

/** @throws RestHandlerError 503 */
function leading<G>(gateway: G | undefined): G {
  if (gateway === undefined) throw new RestHandlerError(LEADER_MISSING, 503)
  return gateway
}

function send(response: ServerResponse, statusCode: number, body: unknown): void {
  if (response.destroyed) return
  const text = JSON.stringify(body)
  response.writeHead(statusCode, {
    'Content-Type': 'application/json; charset=UTF-8',
    'Content-Length': Buffer.byteLength(text),
  })
  response.end(text)
}

/** Known from its headers, before any of it has come. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0
}
