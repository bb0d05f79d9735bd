import {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  request as requestHttp,
  type ServerResponse,
} from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Logger, Random } from '@flink-ts/core'
import type { HighAvailabilityServices, LeaderElection, LeaderRetriever } from '@flink-ts/runtime'
import { leaderFailed, noLeader, notLeading } from './standby-error.js'

/** Says that a standby has passed the request on: it is not passed on again. */
const FORWARDED_BY = 'x-flink-forwarded-by'

/** Concern one connection, not the message (RFC 9110), or are those of the connection to the leader. */
const OF_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Were checked here; of the leader they would be foreign. */
const CHECKED_HERE: ReadonlySet<string> = new Set(['host', 'origin', 'sec-fetch-site'])

export interface StandbyProxyOptions {
  /** Of the election of `rest_server`. */
  readonly highAvailability: Pick<HighAvailabilityServices, 'leaderElection' | 'leaderRetriever'>
  readonly random: Random
  readonly log: Logger
  /** How long a connection to the leader may take. */
  readonly connectTimeoutMs: number
  /** A leader that sends and takes nothing for this time while a request is under way is given up. */
  readonly idleTimeoutMs: number
}

/**
 * Takes part in the election of the REST endpoint, and passes requests on to the leader's while this one does not
 * lead, body and answer as streams.
 */
export class StandbyProxy {
  readonly #options: StandbyProxyOptions
  readonly #election: LeaderElection
  readonly #retriever: LeaderRetriever
  readonly #id: string
  /** How to give up what waits for the leader named. */
  readonly #underWay = new Map<(reason: string) => void, string>()
  #leads = false
  /** Base URL. */
  #leader: string | undefined

  constructor(options: StandbyProxyOptions) {
    this.#options = options
    const { highAvailability, random } = options
    this.#id = random.uuid()
    this.#election = highAvailability.leaderElection({ kind: 'rest_server' })
    this.#retriever = highAvailability.leaderRetriever({ kind: 'rest_server' })
  }

  /** @param baseUrl under which clients and standbys reach this endpoint */
  start(baseUrl: string): void {
    this.#retriever.start((leader) => this.#onLeader(leader?.address))
    this.#election.start({
      grantLeadership: (token) => {
        this.#leads = true
        this.#election.confirmLeadership({ address: baseUrl, endpointId: 'rest', token })
      },
      revokeLeadership: () => {
        this.#leads = false
      },
    })
  }

  /**
   * Has the leader answer a request.
   *
   * @returns false if this endpoint leads and answers by itself
   * @throws StandbyError before anything of the answer was sent
   */
  async forward(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    if (this.#leads) return false
    const leader = this.#leader
    if (request.headers[FORWARDED_BY] !== undefined) throw notLeading(leader)
    if (leader === undefined) throw noLeader()
    await this.#passOn(leader, request, response)
    return true
  }

  /** Leaves the election. What is under way goes on, as long as its client's connection does. */
  async close(): Promise<void> {
    await Promise.all([this.#election.close(), this.#retriever.close()])
  }

  #onLeader(leader: string | undefined): void {
    if (leader === this.#leader) return
    this.#leader = leader
    this.#options.log.info('The leading REST endpoint has changed', { leader: leader ?? 'nobody' })
    // One that stands still would never answer what it got.
    if (leader === undefined) return
    for (const [giveUp, of] of this.#underWay) {
      if (of !== leader) giveUp(`${leader} leads now`)
    }
  }

  #passOn(leader: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    return new Promise((resolve, reject) => {
      let connected = false
      let ended = false
      let answer: IncomingMessage | undefined
      const call = this.#call(leader, request, () => {
        connected = true
      })
      const giveUp = (reason: string) => {
        // An answer that is here needs no leader; to destroy its call would drop what the client has not taken yet.
        if (!answer?.complete) call.destroy(new Error(reason))
      }
      this.#underWay.set(giveUp, leader)
      // The call may be over by then, and would tell nothing any more.
      const onGone = () => end()
      response.once('close', onGone)
      const end = (error?: unknown) => {
        if (ended) return
        ended = true
        this.#underWay.delete(giveUp)
        response.off('close', onGone)
        request.unpipe(call)
        call.destroy()
        if (error === undefined || response.destroyed) resolve()
        // Half an answer must not look like a whole one.
        else if (response.headersSent) {
          response.destroy()
          resolve()
        } else reject(leaderFailed(leader, connected, error))
      }
      call.on('error', (error) => {
        // Such as that of a body which the leader did not want to the end.
        if (!answer?.complete) end(error)
      })
      call.on('timeout', () => giveUp('no answer in time'))
      call.once('response', (received) => {
        answer = received
        const headers = passedOn(received.headers)
        if (!request.complete) {
          // The leader does not want the rest: nobody reads it, so that the connection cannot be used again.
          request.unpipe(call)
          headers['connection'] = 'close'
        }
        response.writeHead(received.statusCode ?? 502, headers)
        received.on('error', end)
        received.once('aborted', () => end(new Error('the connection broke')))
        response.once('finish', () => end())
        received.pipe(response)
      })
      request.pipe(call)
    })
  }

  #call(leader: string, request: IncomingMessage, onConnected: () => void): ClientRequest {
    const { connectTimeoutMs, idleTimeoutMs } = this.#options
    const url = new URL(leader)
    const options: RequestOptions = {
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port,
      method: request.method,
      path: `${url.pathname.replace(/\/$/, '')}${request.url ?? '/'}`,
      headers: {
        ...passedOn(request.headers, CHECKED_HERE),
        // Node frames no body of GET, HEAD, DELETE and OPTIONS by itself: it would follow as a request of its own.
        ...(request.headers['transfer-encoding'] !== undefined && {
          'transfer-encoding': 'chunked',
        }),
        host: url.host,
        [FORWARDED_BY]: this.#id,
      },
      // A connection for this request only.
      agent: false,
      timeout: connectTimeoutMs,
    }
    const call = url.protocol === 'https:' ? requestHttps(options) : requestHttp(options)
    call.once('socket', (socket) =>
      socket.once('connect', () => {
        onConnected()
        call.setTimeout(idleTimeoutMs)
      }),
    )
    return call
  }
}

function passedOn(
  headers: IncomingHttpHeaders,
  without: ReadonlySet<string> = OF_CONNECTION,
): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !OF_CONNECTION.has(name) && !without.has(name)) kept[name] = value
  }
  return kept
}
