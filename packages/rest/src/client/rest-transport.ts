import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { type Clock, FlinkError } from '@flink-ts/core'
import {
  type ClusterSecret,
  restToken,
  SERVER_PROOF_HEADERS,
} from '@flink-ts/core/security/secrets'
import axios, { type AxiosInstance, type AxiosRequestConfig, type AxiosResponse } from 'axios'
import type { ErrorResponseBody } from '../messages/messages.js'
import { newProofNonce, proveServer } from './prove-server.js'
import { RestClientError, RestConnectionError, RestUnauthorizedError } from './rest-client-error.js'
import type { LeaderChanges } from './rest-leader-lookup.js'
import { SingleConnectionAgent } from './single-connection-agent.js'

/** Whose cause says nothing that the message does not. */
const KNOWN_CONNECTION_ERRORS = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNABORTED',
  'ETIMEDOUT',
  'ECONNRESET',
  'EPIPE',
  'HPE_INVALID_CONSTANT',
])

/** While leaders change: pauses before repetitions, up to that of the configuration. */
const FIRST_PAUSE_MS = 100
/** Longer than a session with ZooKeeper takes to begin. */
const FIRST_LOOKUP_MS = 3_000
/** A leader that stands still would keep a short call as long as a long one. */
const CALL_PATIENCE_MS = 15_000

export interface RestClusterClientOptions {
  /** `host:port` of the REST endpoint. With a lookup of {@link leaderChanges} it is not used. */
  readonly address: string
  readonly clock: Clock
  /** Path in front of the REST paths (`rest.url-prefix`); default `/`. */
  readonly urlPrefix?: string
  /** How often a call that found nobody, or no leader, is repeated; default 0. */
  readonly retries?: number
  /** Pause before a repetition; default 3 s. */
  readonly retryDelayMs?: number
  /** Largest answer that is accepted; default 100 MiB. */
  readonly maxContentBytes?: number
  /** How long one call may take; default 60 s. */
  readonly timeoutMs?: number
  /** There are several JobManagers: calls, submissions too, are repeated by time, and `retries` does not count. */
  readonly leaderChanges?: LeaderChanges
  /** That of the cluster, if it asks for it (`security.rest.authentication.enabled`). Each call proves that it is known. */
  readonly secret?: ClusterSecret
  /**
   * Without {@link secret}: that of the cluster, if there is one, for a server that asks for it. It is used only towards servers
   * that have proved to know it, too. Asked at most once.
   */
  readonly secretOnDemand?: (() => ClusterSecret | undefined) | undefined
}

/** Makes calls of one REST endpoint, or of whichever leads, again if need be. */
export class RestTransport {
  readonly #http: AxiosInstance
  readonly #clock: Clock
  readonly #prefix: string
  readonly #retries: number
  readonly #retryDelayMs: number
  readonly #timeoutMs: number
  readonly #leaderChanges: LeaderChanges | undefined
  readonly #secret: ClusterSecret | undefined
  readonly #secretOnDemand: (() => ClusterSecret | undefined) | undefined
  #secretThen: { readonly secret: ClusterSecret | undefined } | undefined
  /** What the last answer of Flink at a target was, until the connection fails: it saves requests, and vouches for nobody. */
  readonly #asks = new Map<string, 'everybody' | 'nobody'>()
  /** Base URL that is called; undefined: to be looked up. */
  #target: string | undefined
  #hasAnswered = false
  #isWaiting = false

  constructor(options: RestClusterClientOptions) {
    this.#clock = options.clock
    this.#retries = options.retries ?? 0
    this.#retryDelayMs = options.retryDelayMs ?? 3000
    this.#timeoutMs = options.timeoutMs ?? 60_000
    this.#prefix = (options.urlPrefix ?? '/').replace(/\/$/, '')
    this.#leaderChanges = options.leaderChanges
    this.#secret = options.secret
    this.#secretOnDemand = options.secretOnDemand
    if (options.leaderChanges?.lookup === undefined) this.#target = `http://${options.address}`
    this.#http = axios.create({
      // A kept connection that the server closes meanwhile would fail the next call.
      httpAgent: new HttpAgent({ keepAlive: false }),
      httpsAgent: new HttpsAgent({ keepAlive: false }),
      maxContentLength: options.maxContentBytes ?? 104_857_600,
      maxBodyLength: Number.POSITIVE_INFINITY,
      maxRedirects: 0,
      proxy: false,
      validateStatus: () => true,
      ...(options.secret && { headers: { Authorization: `Bearer ${restToken(options.secret)}` } }),
    })
  }

  /** Where it called last, for people. */
  get address(): string {
    const { lookup } = this.#leaderChanges ?? {}
    return hostOf(this.#target) ?? `the leader that ${lookup?.description} names`
  }

  /** Calls; what found nobody, or no leader, is repeated. */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    if (this.#leaderChanges !== undefined) {
      const timeoutMs = Math.min(this.#timeoutMs, CALL_PATIENCE_MS)
      return this.#throughChanges(() => this.#once<T>(method, path, body, timeoutMs))
    }
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.once<T>(method, path, body)
      } catch (error) {
        if (!isRetriable(error) || attempt >= this.#retries) throw error
        await this.#pause(this.#retryDelayMs)
      }
    }
  }

  /** Calls once. */
  once<T>(method: string, path: string, body?: unknown): Promise<T> {
    return this.#once(method, path, body, this.#timeoutMs)
  }

  /**
   * Calls what must not happen twice: once, unless leaders may change. Then it is repeated, and `happened` tells by the
   * refusal of a repetition that an earlier attempt, whose outcome nobody knew, did it.
   */
  async onceThroughChanges(
    method: string,
    path: string,
    body: () => unknown,
    happened: (refusal: RestClientError) => boolean,
  ): Promise<void> {
    if (this.#leaderChanges === undefined) {
      await this.once(method, path, body())
      return
    }
    let isRepetition = false
    await this.#throughChanges(async () => {
      try {
        await this.#once(method, path, body(), this.#timeoutMs)
      } catch (error) {
        if (isRepetition && error instanceof RestClientError && happened(error)) return
        isRepetition = true
        throw error
      }
    })
  }

  async #throughChanges<T>(attempt: () => Promise<T>): Promise<T> {
    const { patienceMs, firstPatienceMs, lookup } = this.#leaderChanges!
    const until = this.#clock.monotonicNow() + (this.#hasAnswered ? patienceMs : firstPatienceMs)
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, this.#retryDelayMs)) {
      try {
        const answer = await attempt()
        this.#found()
        return answer
      } catch (error) {
        if (!isRetriable(error)) throw error
        const leftMs = until - this.#clock.monotonicNow()
        if (leftMs <= 0) throw error
        this.#waits(error as Error)
        const waitMs = Math.min(pauseMs, leftMs)
        if (lookup === undefined) await this.#pause(waitMs)
        else await this.#lookUp(waitMs)
      }
    }
  }

  #waits(reason: Error): void {
    if (this.#isWaiting) return
    this.#isWaiting = true
    this.#leaderChanges?.onWaiting?.(reason)
  }

  #found(): void {
    this.#hasAnswered = true
    if (!this.#isWaiting) return
    this.#isWaiting = false
    this.#leaderChanges?.onFound?.()
  }

  /** Waits for another leader, in place of a pause; the one that leads still may answer next time. */
  async #lookUp(patienceMs: number): Promise<void> {
    const found = await this.#leaderChanges!.lookup!.find({ patienceMs, unlike: this.#target })
    if (found !== undefined) this.#target = found.replace(/\/$/, '')
  }

  async #once<T>(method: string, path: string, body: unknown, timeoutMs: number): Promise<T> {
    if (this.#target === undefined) await this.#lookUp(FIRST_LOOKUP_MS)
    const target = this.#target
    if (target === undefined) {
      const { description } = this.#leaderChanges!.lookup!
      throw new RestConnectionError(
        `Cannot reach the cluster: no JobManager leads, says ${description}`,
        description,
      )
    }
    let response: AxiosResponse<unknown>
    let isShown = this.#secret !== undefined
    try {
      const known = this.#asks.get(target)
      // What has a body may be sent once only.
      const asksFirst = known === 'everybody' || (body !== undefined && known === undefined)
      const call = { method, path, body, timeoutMs }
      let proven = asksFirst ? await this.#sendProven(target, call) : undefined
      response = proven ?? (await this.#send(target, call, this.#introduction))
      if (response.status === 401 && proven === undefined && !asksFirst) {
        proven = await this.#sendProven(target, call)
        response = proven ?? response
      }
      isShown ||= proven !== undefined
    } catch (error) {
      this.#asks.delete(target)
      throw FlinkError.is(error) ? error : this.#connectionError(error)
    }
    this.#learn(target, response, isShown)
    const { status, data } = response
    if (isSuccess(status, data)) return data as T
    const errors = errorsOf(data)
    if (errors !== undefined && status === 401) {
      const tried = this.#secret ?? (isShown ? this.#secretThen?.secret : undefined)
      const unproven = tried ? undefined : this.#secretThen?.secret?.origin
      throw new RestUnauthorizedError(this.address, tried ? tried.origin : undefined, unproven)
    }
    if (errors !== undefined) throw new RestClientError(`${method} ${path}`, status, errors)
    throw new RestConnectionError(
      `What answers at ${this.address} is no Flink REST endpoint (${method} ${path}: status ${status})`,
      this.address,
    )
  }

  /** Of a client that can show a token to whoever proves to be of the cluster, so that a server which asks takes it for no stranger. */
  get #introduction(): AxiosRequestConfig {
    if (this.#secretOnDemand === undefined || this.#secret !== undefined) return {}
    return { headers: { [SERVER_PROOF_HEADERS.nonce]: newProofNonce() } }
  }

  #send(target: string, { method, path, body, timeoutMs }: Call, more: AxiosRequestConfig = {}) {
    return this.#http.request<unknown>({
      method,
      url: `${target}${this.#prefix}${path}`,
      data: body,
      timeout: timeoutMs,
      ...more,
    })
  }

  /** Shows the token on a connection whose server has proved to be of the cluster; undefined: it has not, and was not shown it. */
  async #sendProven(target: string, call: Call): Promise<AxiosResponse<unknown> | undefined> {
    if (this.#secret !== undefined) return undefined
    this.#secretThen ??= { secret: this.#secretOnDemand?.() }
    const { secret } = this.#secretThen
    if (secret === undefined) return undefined
    const httpAgent = new SingleConnectionAgent()
    try {
      const base = `${target}${this.#prefix}`
      if (!(await proveServer(httpAgent, base, secret, this.#timeoutMs))) return undefined
      const headers = { Authorization: `Bearer ${restToken(secret)}` }
      return await this.#send(target, call, { httpAgent, headers })
    } finally {
      httpAgent.destroy()
    }
  }

  /** Nothing, of what is not Flink's: a proxy answers for a server that is away. */
  #learn(target: string, { status, data }: AxiosResponse<unknown>, isShown: boolean): void {
    if (status === 401 || !isFlinkAnswer(status, data)) this.#asks.delete(target)
    else this.#asks.set(target, isShown ? 'everybody' : 'nobody')
  }

  #connectionError(error: unknown): RestConnectionError {
    const { code, message } = error as { code?: string; message?: string }
    const isKnown = code !== undefined && KNOWN_CONNECTION_ERRORS.has(code)
    const reason =
      code === 'ECONNREFUSED'
        ? 'connection refused: no JobManager listens there'
        : code === 'ENOTFOUND' || code === 'EAI_AGAIN'
          ? 'there is no such host'
          : code === 'ECONNABORTED' || code === 'ETIMEDOUT'
            ? 'no answer in time'
            : isKnown
              ? 'what listens there broke the connection off: either it has just ended, or its port is not that of REST (rest.port)'
              : (message ?? String(error))
    return new RestConnectionError(
      `Cannot reach the JobManager at ${this.address}: ${reason}`,
      this.address,
      // The error of the library holds the request with its credentials.
      isKnown ? undefined : new Error(message ?? String(error)),
    )
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.schedule(ms, resolve))
  }
}

interface Call {
  readonly method: string
  readonly path: string
  readonly body: unknown
  readonly timeoutMs: number
}

function isFlinkAnswer(status: number, data: unknown): boolean {
  return isSuccess(status, data) || errorsOf(data) !== undefined
}

function isSuccess(status: number, data: unknown): boolean {
  return status >= 200 && status < 300 && typeof data === 'object' && data !== null
}

function errorsOf(data: unknown): ErrorResponseBody['errors'] | undefined {
  const errors = (data as Partial<ErrorResponseBody> | null | undefined)?.errors
  return Array.isArray(errors) ? errors : undefined
}

function isRetriable(error: unknown): boolean {
  return FlinkError.is(error) && error.retriable
}

function hostOf(url: string | undefined): string | undefined {
  return url?.replace(/^https?:\/\//, '')
}
