import type { Clock, Logger } from '@flink-ts/core'
import type { WebAddress } from '@flink-ts/hadoop-rpc/configuration'
import { AnswerReader } from './answer-reader.js'
import {
  HttpConnectionError,
  type HttpRequest,
  type HttpResponse,
  type HttpTransport,
} from './http-transport.js'
import {
  parseApplication,
  parseAttempts,
  parseHaState,
  parseMetrics,
  parseNewApplication,
  parseNodes,
} from './parse-answers.js'
import type {
  ApplicationSubmission,
  NewApplication,
  YarnApplicationAttempt,
  YarnApplicationReport,
  YarnClusterMetrics,
  YarnNode,
} from './resource-manager-records.js'
import { parseScheduler, type YarnScheduler } from './scheduler-info.js'
import { submissionJson } from './submission-json.js'
import {
  KerberosUnsupportedError,
  parseRemoteException,
  YarnAnswerError,
  YarnRequestRefusedError,
  YarnUnreachableError,
} from './yarn-rest-error.js'

const PREFIX = '/ws/v1/cluster'
const REQUEST_TIMEOUT_MS = 10_000
const FIRST_PAUSE_MS = 200
const MAX_PAUSE_MS = 2_000
const DEFAULT_PATIENCE_MS = 20_000

export interface ResourceManagerClientOptions {
  /** Of all ResourceManagers; at least one. */
  readonly addresses: readonly WebAddress[]
  /** In whose name YARN is asked. */
  readonly userName: string
  readonly transport: HttpTransport
  readonly clock: Clock
  readonly log: Logger
  /** How long an active ResourceManager is looked for. Default 20 s. */
  readonly patienceMs?: number
}

interface Question {
  readonly method: HttpRequest['method']
  readonly path: string
  readonly body?: unknown
  /** For messages: "… could not <attempt>". */
  readonly attempt: string
  /** Whether a 404 is believed of an active ResourceManager only, and only twice. */
  readonly isAboutExistence?: boolean
}

/**
 * The REST API of YARN's ResourceManagers. The active one is found; what is asked here may be repeated, so each request is, by
 * the clock, until one answers.
 */
export class ResourceManagerClient {
  readonly #options: ResourceManagerClientOptions
  readonly #signal: AbortSignal | undefined
  /** The active one, as far as is known, first. */
  #addresses: string[]

  /** @param signal when aborted, requests that wait reject with its reason */
  constructor(options: ResourceManagerClientOptions, signal?: AbortSignal) {
    this.#options = options
    this.#signal = signal
    this.#addresses = options.addresses.map(
      ({ address, isSecure }) => `${isSecure ? 'https' : 'http'}://${address}`,
    )
  }

  newApplication(): Promise<NewApplication> {
    return this.#ask(
      { method: 'POST', path: '/apps/new-application', attempt: 'get an application id from YARN' },
      parseNewApplication,
    )
  }

  /** Once more with the same id changes nothing. The scheduler may refuse it later: the report tells. */
  async submit(submission: ApplicationSubmission): Promise<void> {
    const { applicationId } = submission
    await this.#ask(
      {
        method: 'POST',
        path: '/apps',
        body: submissionJson(submission),
        attempt: `submit ${applicationId}`,
      },
      () => undefined,
    )
  }

  /**
   * One that has not read its state yet knows no application at all, and says so as an active one would: it counts as away.
   *
   * @returns undefined if YARN knows no such application
   */
  async application(applicationId: string): Promise<YarnApplicationReport | undefined> {
    try {
      return await this.#ask(
        {
          method: 'GET',
          path: `/apps/${encodeURIComponent(applicationId)}`,
          attempt: `get the report of ${applicationId}`,
          isAboutExistence: true,
        },
        parseApplication,
      )
    } catch (error) {
      if (error instanceof YarnRequestRefusedError && error.status === 404) return undefined
      throw error
    }
  }

  attempts(applicationId: string): Promise<readonly YarnApplicationAttempt[]> {
    return this.#ask(
      {
        method: 'GET',
        path: `/apps/${encodeURIComponent(applicationId)}/appattempts`,
        attempt: `get the attempts of ${applicationId}`,
      },
      parseAttempts,
    )
  }

  /** Ends an application by force; one that has ended stays as it is. It is over a moment later. */
  async kill(applicationId: string): Promise<void> {
    await this.#ask(
      {
        method: 'PUT',
        path: `/apps/${encodeURIComponent(applicationId)}/state`,
        body: { state: 'KILLED' },
        attempt: `kill ${applicationId}`,
      },
      () => undefined,
    )
  }

  metrics(): Promise<YarnClusterMetrics> {
    return this.#ask(
      { method: 'GET', path: '/metrics', attempt: 'ask YARN for its resources' },
      parseMetrics,
    )
  }

  nodes(): Promise<readonly YarnNode[]> {
    return this.#ask(
      { method: 'GET', path: '/nodes', attempt: 'ask YARN for its nodes' },
      parseNodes,
    )
  }

  scheduler(): Promise<YarnScheduler> {
    return this.#ask(
      { method: 'GET', path: '/scheduler', attempt: 'ask YARN for its queues' },
      parseScheduler,
    )
  }

  async #ask<T>(question: Question, parse: (answer: AnswerReader) => T): Promise<T> {
    const { clock, patienceMs = DEFAULT_PATIENCE_MS } = this.#options
    const deadline = clock.monotonicNow() + patienceMs
    const reasons = new Map<string, string>()
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
      for (const address of [...this.#addresses]) {
        let answer = await this.#askOne(address, question, reasons)
        if (answer?.response.status === 404 && question.isAboutExistence) {
          answer = await this.#askAgainIfActive(answer.address, question, reasons)
        }
        if (answer !== undefined) return this.#read(question, answer, parse)
      }
      if (clock.monotonicNow() + pauseMs > deadline) {
        throw new YarnUnreachableError(question.attempt, reasons)
      }
      await this.#pause(pauseMs)
    }
  }

  /** @returns undefined, and why in `reasons`, if another one, or this one later, may answer */
  async #askOne(
    address: string,
    question: Question,
    reasons: Map<string, string>,
    isRedirected = false,
  ): Promise<{ address: string; response: HttpResponse } | undefined> {
    this.#signal?.throwIfAborted()
    const { transport, userName, log } = this.#options
    const host = new URL(address).host
    const query = `user.name=${encodeURIComponent(userName)}`
    let response: HttpResponse
    try {
      response = await transport({
        method: question.method,
        url: `${address}${PREFIX}${question.path}?${query}`,
        ...(question.body === undefined ? {} : { body: question.body }),
        timeoutMs: REQUEST_TIMEOUT_MS,
        signal: this.#signal,
      })
    } catch (error) {
      if (!(error instanceof HttpConnectionError)) throw error
      const reason = error.message.replace(/^.*?: /, '')
      log.debug('A ResourceManager does not answer', { address: host, reason })
      reasons.set(host, reason)
      return undefined
    }
    const elsewhere = redirectOf(response, address)
    if (elsewhere !== undefined && !isRedirected) {
      reasons.set(host, 'it is on standby')
      return this.#askOne(elsewhere, question, reasons, true)
    }
    const why = whyNotServing(response)
    if (why !== undefined) {
      reasons.set(host, why)
      return undefined
    }
    // The one that serves is asked first from now on.
    this.#addresses = [address, ...this.#addresses.filter((other) => other !== address)]
    return { address, response }
  }

  /** @returns undefined, and why in `reasons`, if it is not active */
  async #askAgainIfActive(
    address: string,
    question: Question,
    reasons: Map<string, string>,
  ): Promise<{ address: string; response: HttpResponse } | undefined> {
    const about = {
      method: 'GET',
      path: '/info',
      attempt: 'ask YARN whether it is active',
    } as const
    const answer = await this.#askOne(address, about, reasons)
    if (answer === undefined) return undefined
    const haState = this.#read(about, answer, parseHaState)
    if (haState !== 'ACTIVE') {
      reasons.set(new URL(address).host, `it is not active yet (${haState})`)
      return undefined
    }
    // It may have become active between the two.
    return this.#askOne(address, question, reasons)
  }

  #read<T>(
    { attempt }: Question,
    { address, response }: { address: string; response: HttpResponse },
    parse: (answer: AnswerReader) => T,
  ): T {
    const { status, body } = response
    const host = new URL(address).host
    if (status === 401) throw new KerberosUnsupportedError(`The ResourceManager ${host}`)
    if (status >= 300) {
      const remote = parseRemoteException(body)
      if (remote === undefined && status < 400) {
        throw new YarnAnswerError(attempt, host, `status ${status}`)
      }
      throw new YarnRequestRefusedError(attempt, {
        status,
        body,
        ...(remote === undefined ? {} : { remote }),
      })
    }
    try {
      return parse(new AnswerReader(body === '' ? undefined : JSON.parse(body)))
    } catch (error) {
      throw new YarnAnswerError(attempt, host, (error as Error).message)
    }
  }

  #pause(ms: number): Promise<void> {
    const signal = this.#signal
    return new Promise((resolve, reject) => {
      const abort = () => {
        cancel()
        reject(signal!.reason)
      }
      const cancel = this.#options.clock.schedule(ms, () => {
        signal?.removeEventListener('abort', abort)
        resolve()
      })
      signal?.addEventListener('abort', abort, { once: true })
    })
  }
}

/** Where a standby sends its clients: scheme and address. */
function redirectOf({ status, headers }: HttpResponse, from: string): string | undefined {
  const location =
    status >= 300 && status < 400
      ? headers['location']
      : /\burl\s*=\s*(\S+)/i.exec(headers['refresh'] ?? '')?.[1]
  if (location === undefined || !URL.canParse(location, from)) return undefined
  const { protocol, host, origin } = new URL(location, from)
  const isOther = /^https?:$/.test(protocol) && host !== new URL(from).host
  return isOther ? origin : undefined
}

/** Undefined: it serves. */
function whyNotServing({ status, headers, body }: HttpResponse): string | undefined {
  const remote = status >= 400 ? parseRemoteException(body) : undefined
  if (remote !== undefined && /^(?:Standby|Retriable)Exception$/.test(remote.exception)) {
    return remote.message
  }
  if (/This is standby RM|There is no active RM/i.test(body.slice(0, 500)))
    return 'it is on standby'
  if (headers['refresh'] !== undefined || (status >= 300 && status < 400)) {
    return `it sent a redirect (status ${status})`
  }
  if (status === 502 || status === 503 || status === 504) return `status ${status}`
  return undefined
}
