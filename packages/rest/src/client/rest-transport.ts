import { Agent } from 'node:http'
import type { Clock } from '@flink-ts/core'
import axios, { type AxiosInstance, type AxiosResponse } from 'axios'
import type { ErrorResponseBody } from '../messages/messages.js'
import { RestClientError, RestConnectionError } from './rest-client-error.js'

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

export interface RestClusterClientOptions {
  /** `host:port` of the REST endpoint. */
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
}

/** Makes calls of one REST endpoint, again if need be. */
export class RestTransport {
  readonly address: string
  readonly #http: AxiosInstance
  readonly #clock: Clock
  readonly #retries: number
  readonly #retryDelayMs: number

  constructor(options: RestClusterClientOptions) {
    this.address = options.address
    this.#clock = options.clock
    this.#retries = options.retries ?? 0
    this.#retryDelayMs = options.retryDelayMs ?? 3000
    const prefix = (options.urlPrefix ?? '/').replace(/\/$/, '')
    this.#http = axios.create({
      // A kept connection that the server closes meanwhile would fail the next call.
      httpAgent: new Agent({ keepAlive: false }),
      baseURL: `http://${options.address}${prefix}`,
      timeout: options.timeoutMs ?? 60_000,
      maxContentLength: options.maxContentBytes ?? 104_857_600,
      maxBodyLength: Number.POSITIVE_INFINITY,
      maxRedirects: 0,
      proxy: false,
      validateStatus: () => true,
    })
  }

  /** Calls; what found nobody, or no leader, is repeated. */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.once<T>(method, path, body)
      } catch (error) {
        const retriable = (error as { retriable?: boolean }).retriable === true
        if (!retriable || attempt >= this.#retries) throw error
        await this.#pause(this.#retryDelayMs)
      }
    }
  }

  /** Calls once. */
  async once<T>(method: string, path: string, body?: unknown): Promise<T> {
    let response: AxiosResponse<unknown>
    try {
      response = await this.#http.request({ method, url: path, data: body })
    } catch (error) {
      throw this.#connectionError(error)
    }
    const { status, data } = response
    if (status >= 200 && status < 300 && typeof data === 'object' && data !== null) return data as T
    const errors = (data as Partial<ErrorResponseBody> | undefined)?.errors
    if (Array.isArray(errors)) throw new RestClientError(`${method} ${path}`, status, errors)
    throw new RestConnectionError(
      `What answers at ${this.address} is no Flink REST endpoint (${method} ${path}: status ${status})`,
      this.address,
    )
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
      isKnown ? undefined : error,
    )
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.schedule(ms, resolve))
  }
}
