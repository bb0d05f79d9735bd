import type { CancelTimer, Clock, Logger } from '@flink-ts/core'
import type { MesosResponse, MesosTransport } from '../http/mesos-transport.js'
import { redirectTarget } from '../http/redirect-target.js'
import { MesosProtocolError } from '../mesos-protocol-error.js'
import { RecordDecoder } from '../record-io/record-decoder.js'
import { type MasterEvent, parseEvent, type Unreadable } from '../wire/parse-event.js'
import { answerText, readText } from './answers.js'
import type { SubscriptionEnd } from './mesos-scheduler.js'
import type { MesosSchedulerLimits } from './mesos-scheduler-options.js'
import type { SchedulerEvent } from './scheduler-events.js'
import { endByError, endByStatus } from './subscription-ends.js'
import { unansweredWordsOf, wordsOf } from './words-of.js'

export const SCHEDULER_PATH = '/api/v1/scheduler'
const DEFAULT_HEARTBEAT_MS = 15_000

export interface SubscriptionAttemptOptions {
  /** Of the master that is asked first. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** The call. */
  readonly body: string
  readonly principal: string | undefined
  readonly transport: MesosTransport
  readonly clock: Clock
  readonly log: Logger
  readonly limits: MesosSchedulerLimits
  readonly onSubscribed: (opened: OpenedSubscription) => void
  readonly onEvent: (event: SchedulerEvent) => void
  /** Of an offer that cannot be read and that the framework holds all the same. */
  readonly onUnreadableOffer: (what: 'offer' | 'inverse offer', id: string) => void
}

export interface OpenedSubscription {
  readonly frameworkId: string
  readonly streamId: string
  /** Where calls go. */
  readonly url: string
}

export type AttemptResult =
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'ended'; readonly end: SubscriptionEnd }

/** One SUBSCRIBE, the redirects that it meets, and the stream that answers it, until that is over. */
export class SubscriptionAttempt {
  readonly #options: SubscriptionAttemptOptions
  readonly #controller = new AbortController()
  #url: string
  #streamId = ''
  #isSubscribed = false
  #lossReason: string | undefined
  #cancelTimer: CancelTimer | undefined
  #heardMs = 0

  constructor(options: SubscriptionAttemptOptions) {
    this.#options = options
    this.#url = options.url
  }

  /** Whether the master has confirmed it, be it over by now. */
  get isSubscribed(): boolean {
    return this.#isSubscribed
  }

  /** Of the master that was asked last. */
  get url(): string {
    return this.#url
  }

  /** Rejects with what listeners throw, and with nothing else. */
  async run(): Promise<AttemptResult> {
    const { subscribeTimeoutMs } = this.#options.limits
    this.#cancelTimer = this.#options.clock.schedule(subscribeTimeoutMs, () =>
      this.cut(`no subscription within ${subscribeTimeoutMs} ms`),
    )
    try {
      const opened = await this.#open()
      return 'kind' in opened ? opened : await this.#read(opened)
    } finally {
      this.#cancelTimer?.()
      this.#controller.abort()
    }
  }

  /** Gives it up. What happens first counts. */
  cut(reason: string): void {
    if (this.#lossReason !== undefined) return
    this.#lossReason = reason
    this.#cancelTimer?.()
    this.#controller.abort()
  }

  async #open(): Promise<MesosResponse | AttemptResult> {
    const { limits, principal } = this.#options
    const visited = new Set<string>()
    try {
      for (;;) {
        visited.add(this.#url)
        const response = await this.#post()
        const { status, headers } = response
        if (status === 200) return this.#opened(response)
        const text = await readText(response)
        if (status !== 307 && status !== 308) {
          const end = endByStatus(status, text, principal)
          return end === undefined ? this.#lost(answerText(status, text)) : { kind: 'ended', end }
        }
        const { url, problem } = redirectTarget(headers['location'], this.#url, SCHEDULER_PATH)
        if (url === undefined) return this.#lost(`a redirect ${problem}`)
        if (visited.has(url)) return this.#lost(`redirects in a circle, by way of ${url}`)
        if (visited.size > limits.maxRedirects) {
          return this.#lost(`more than ${limits.maxRedirects} redirects`)
        }
        this.#url = url
      }
    } catch (error) {
      return this.#lost(unansweredWordsOf(error))
    }
  }

  #post(): Promise<MesosResponse> {
    const { transport, headers, body } = this.#options
    return transport.post({
      url: this.#url,
      headers,
      body,
      kind: 'stream',
      signal: this.#controller.signal,
    })
  }

  #opened(response: MesosResponse): MesosResponse | AttemptResult {
    const streamId = response.headers['mesos-stream-id']
    if (streamId === undefined) {
      return this.#lost('what answers is no master of Mesos: the answer has no Mesos-Stream-Id')
    }
    this.#streamId = streamId
    return response
  }

  async #read(response: MesosResponse): Promise<AttemptResult> {
    for await (const event of this.#events(response)) {
      const end = this.#handle(event)
      if (end !== undefined) return { kind: 'ended', end }
      if (this.#lossReason !== undefined) break
    }
    return this.#lost('the master closed the stream')
  }

  /** Ends where the stream does; then there is a reason, unless it ended between two records. */
  async *#events({ body }: MesosResponse): AsyncGenerator<MasterEvent, void, undefined> {
    const decoder = new RecordDecoder(this.#options.limits)
    try {
      for await (const chunk of body) {
        for (const record of decoder.push(chunk)) {
          yield parseEvent(record, (unreadable) => this.#onUnreadable(unreadable))
        }
      }
      if (!decoder.isBetweenRecords) this.cut('the stream ended inside a record')
    } catch (error) {
      const words = wordsOf(error)
      this.cut(error instanceof MesosProtocolError ? words : `the connection broke: ${words}`)
    }
  }

  #onUnreadable({ what, type, id, error }: Unreadable): void {
    const { log, onUnreadableOffer } = this.#options
    const consequence =
      what !== 'event'
        ? id === undefined
          ? 'it has no readable id, and stays with the framework until the master takes it back'
          : 'it is declined'
        : type === 'UPDATE'
          ? 'it is not acknowledged: the agent repeats it, and tells nothing newer about that task'
          : 'it is skipped'
    log.warn(`An ${what} of the master of Mesos cannot be read: ${consequence}`, {
      type,
      id,
      problem: error.message,
    })
    if (this.#isSubscribed && id !== undefined && what !== 'event') onUnreadableOffer(what, id)
  }

  #handle(event: MasterEvent): SubscriptionEnd | undefined {
    const { clock, log, onEvent } = this.#options
    this.#heardMs = clock.monotonicNow()
    switch (event.type) {
      case 'SUBSCRIBED':
        this.#onSubscribed(event)
        return undefined
      case 'ERROR': {
        const end = endByError(event.message, this.#isSubscribed)
        if (end === undefined) this.cut(event.message)
        return end
      }
      case 'HEARTBEAT':
        return undefined
      case 'skipped':
        log.debug('An event of Mesos was skipped', { event: event.what })
        return undefined
      default:
        if (this.#isSubscribed) onEvent(event)
        else this.cut(`${event.type} came before SUBSCRIBED`)
        return undefined
    }
  }

  #onSubscribed(event: Extract<MasterEvent, { type: 'SUBSCRIBED' }>): void {
    if (this.#isSubscribed) {
      this.cut('SUBSCRIBED came twice')
      return
    }
    this.#isSubscribed = true
    this.#cancelTimer?.()
    const silenceMs =
      (event.heartbeatIntervalMs ?? DEFAULT_HEARTBEAT_MS) * this.#options.limits.maxMissedHeartbeats
    this.#watch(silenceMs, silenceMs)
    this.#options.onSubscribed({
      frameworkId: event.frameworkId,
      streamId: this.#streamId,
      url: this.#url,
    })
  }

  #watch(silenceMs: number, inMs: number): void {
    const { clock } = this.#options
    this.#cancelTimer = clock.schedule(inMs, () => {
      const leftMs = this.#heardMs + silenceMs - clock.monotonicNow()
      if (leftMs > 0) this.#watch(silenceMs, leftMs)
      else this.cut(`no heartbeat for ${silenceMs} ms`)
    })
  }

  #lost(reason: string): AttemptResult {
    return { kind: 'lost', reason: this.#lossReason ?? reason }
  }
}
