import assert from 'node:assert/strict'
import { type Clock, hostAndPort, type Logger, noopLogger, type Random } from '@flink-ts/core'
import type { MesosTransport } from '../http/mesos-transport.js'
import type { MasterDetector } from '../master/master-detector.js'
import { authorityOf, type MasterAddress } from '../master/mesos-master.js'
import type { FrameworkInfo } from '../records/framework-info.js'
import { encodeCall } from '../wire/encode-call.js'
import { encodeSubscribe } from '../wire/encode-framework.js'
import { Backoff } from './backoff.js'
import { basicAuthorization, type MesosCredentials } from './basic-authorization.js'
import { CallLane, notSubscribed } from './call-lane.js'
import { MesosCallError } from './mesos-call-error.js'
import type { MesosScheduler, SchedulerListener, SubscriptionEnd } from './mesos-scheduler.js'
import { type MesosSchedulerLimits, schedulerLimits } from './mesos-scheduler-options.js'
import type { SchedulerCall } from './scheduler-calls.js'
import {
  SCHEDULER_TRANSITIONS,
  type SchedulerInput,
  type SchedulerState,
} from './scheduler-state.js'
import {
  type AttemptResult,
  type OpenedSubscription,
  SCHEDULER_PATH,
  SubscriptionAttempt,
} from './subscription-attempt.js'
import { WakeablePause } from './wakeable-pause.js'

/** In which ZooKeeper may answer before anybody is told that it does not. */
const FIRST_DETECTION_MS = 3_000
/** Of an agent whose offer cannot be read: the next one will be no better soon. */
const UNREADABLE_REFUSE_SECONDS = 300

export interface HttpMesosSchedulerOptions {
  /** Not started; the scheduler closes it, and {@link transport}. */
  readonly detector: MasterDetector
  readonly transport: MesosTransport
  readonly clock: Clock
  readonly random: Random
  readonly log?: Logger
  readonly credentials?: MesosCredentials
  /** Of masters that are named without a scheme. Default `http`. */
  readonly scheme?: 'http' | 'https'
  readonly limits?: Partial<MesosSchedulerLimits>
}

/** The v1 API over HTTP, in JSON. */
export class HttpMesosScheduler implements MesosScheduler {
  readonly #options: HttpMesosSchedulerOptions
  readonly #limits: MesosSchedulerLimits
  readonly #log: Logger
  readonly #headers: Readonly<Record<string, string>>
  readonly #backoff: Backoff
  readonly #pause: WakeablePause
  #state: SchedulerState = 'new'
  #framework: FrameworkInfo | undefined
  #listener: SchedulerListener | undefined
  #attempt: SubscriptionAttempt | undefined
  #lane: CallLane | undefined
  /** Among the detector's masters: the one that answered last. */
  #preferred = 0
  #subscribedMs = 0
  #running: Promise<void> = Promise.resolve()

  /** @throws MesosCredentialsError */
  constructor(options: HttpMesosSchedulerOptions) {
    const { credentials, clock, random } = options
    this.#options = options
    this.#limits = schedulerLimits(options.limits)
    this.#log = options.log ?? noopLogger
    this.#headers = {
      'Content-Type': 'application/json',
      Accept: 'application/json',
      ...(credentials !== undefined && { Authorization: basicAuthorization(credentials) }),
    }
    const { initialBackoffMs, maxBackoffMs } = this.#limits
    this.#backoff = new Backoff({ initialMs: initialBackoffMs, maxMs: maxBackoffMs, random })
    this.#pause = new WakeablePause(clock)
  }

  start(framework: FrameworkInfo, listener: SchedulerListener): void {
    this.#framework = this.#withPrincipal(framework)
    this.#listener = listener
    this.#transition('started')
    this.#options.detector.start(() => this.#onMastersChanged())
    this.#running = this.#run()
  }

  async call(call: SchedulerCall): Promise<void> {
    const frameworkId = this.#framework?.id
    if (this.#lane === undefined || frameworkId === undefined) {
      throw notSubscribed(call.type, 'there is no subscription')
    }
    const body = JSON.stringify(encodeCall(this.#asPrincipal(call), frameworkId))
    const sent = this.#lane.send(call.type, body)
    await (call.type === 'UPDATE_FRAMEWORK' ? this.#updated(call.framework, sent) : sent)
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return
    this.#transition('closed')
    this.#pause.wake()
    this.#lane?.end('the scheduler was closed')
    this.#attempt?.cut('the scheduler was closed')
    await this.#options.detector.close()
    await this.#running
    this.#options.transport.close()
  }

  #asPrincipal(call: SchedulerCall): SchedulerCall {
    if (call.type !== 'UPDATE_FRAMEWORK') return call
    return { ...call, framework: this.#withPrincipal(call.framework) }
  }

  /** If nobody knows whether the master has taken it, the next subscription says it again. */
  async #updated(framework: FrameworkInfo, sent: Promise<void>): Promise<void> {
    const before = this.#framework
    const id = before?.id
    this.#framework = { ...this.#withPrincipal(framework), ...(id !== undefined && { id }) }
    try {
      await sent
    } catch (error) {
      if (error instanceof MesosCallError && error.reason === 'refused') this.#framework = before
      throw error
    }
  }

  #withPrincipal(framework: FrameworkInfo): FrameworkInfo {
    const principal = framework.principal ?? this.#options.credentials?.principal
    return { ...framework, ...(principal !== undefined && { principal }) }
  }

  async #run(): Promise<void> {
    const { detector } = this.#options
    if (detector.masters.length === 0) await this.#pause.wait(FIRST_DETECTION_MS)
    while (this.#isIn('subscribing')) {
      const result = await this.#round()
      this.#lane?.end(result.kind === 'lost' ? result.reason : result.end.message, {
        exceptTeardown: true,
      })
      await this.#lane?.teardown
      this.#lane = undefined
      if (!this.#isIn('subscribing', 'subscribed')) return
      if (result.kind === 'ended') {
        this.#end(result.end)
        return
      }
      await this.#lost(result.reason)
    }
  }

  /** Asks all masters that are known, until one of them takes the framework; over when that subscription is. */
  async #round(): Promise<AttemptResult> {
    const { detector } = this.#options
    const { masters } = detector
    const start = this.#preferred
    const reasons: string[] = []
    for (let step = 0; step < masters.length; step++) {
      const index = (start + step) % masters.length
      const master = masters[index] as MasterAddress
      this.#attempt = this.#newAttempt(master)
      const result = await this.#attempt.run()
      const { isSubscribed, url } = this.#attempt
      this.#attempt = undefined
      if (isSubscribed) this.#preferred = index
      if (isSubscribed || result.kind === 'ended') return result
      const asked = authorityOf(this.#urlOf(master))
      const last = authorityOf(url)
      reasons.push(
        last === asked
          ? `${asked}: ${result.reason}`
          : `${asked}, which redirects to ${last}: ${result.reason}`,
      )
      if (detector.masters !== masters || !this.#isIn('subscribing')) break
    }
    return { kind: 'lost', reason: reasons.join('; ') || detector.problem }
  }

  #newAttempt(master: MasterAddress): SubscriptionAttempt {
    const { transport, clock, credentials } = this.#options
    assert.ok(this.#framework !== undefined)
    return new SubscriptionAttempt({
      url: this.#urlOf(master),
      headers: this.#headers,
      body: JSON.stringify(encodeSubscribe(this.#framework)),
      principal: credentials?.principal,
      transport,
      clock,
      log: this.#log,
      limits: this.#limits,
      onSubscribed: (opened) => this.#onSubscribed(opened),
      onEvent: (event) => this.#listener?.onEvent(event),
      onUnreadableOffer: (what, id) => this.#declineUnreadable(what, id),
    })
  }

  #urlOf({ host, port, scheme }: MasterAddress): string {
    const protocol = scheme ?? this.#options.scheme ?? 'http'
    return `${protocol}://${hostAndPort(host, port)}${SCHEDULER_PATH}`
  }

  #onSubscribed({ frameworkId, streamId, url }: OpenedSubscription): void {
    const { transport, clock } = this.#options
    assert.ok(this.#framework !== undefined)
    this.#framework = { ...this.#framework, id: frameworkId }
    this.#subscribedMs = clock.monotonicNow()
    this.#lane = new CallLane({
      url,
      headers: { ...this.#headers, 'Mesos-Stream-Id': streamId },
      transport,
      clock,
      callTimeoutMs: this.#limits.callTimeoutMs,
      onLost: (reason) => this.#attempt?.cut(reason),
      onTornDown: () => this.#onTornDown(),
    })
    const master = authorityOf(url)
    this.#transition('subscribed', { master, streamId })
    this.#listener?.onSubscribed({ frameworkId, master })
  }

  #declineUnreadable(what: 'offer' | 'inverse offer', id: string): void {
    const refuseSeconds = UNREADABLE_REFUSE_SECONDS
    this.call(
      what === 'offer'
        ? { type: 'DECLINE', offerIds: [id], refuseSeconds }
        : { type: 'DECLINE_INVERSE_OFFERS', inverseOfferIds: [id], refuseSeconds },
    ).catch((error) => {
      // A lost subscription makes it void; otherwise the master takes it back some day.
      this.#log.debug('What cannot be read was not declined', { what, id, error })
    })
  }

  /** The master closes the stream; nobody needs to be told. */
  #onTornDown(): void {
    if (!this.#isIn('subscribed')) return
    this.#transition('ended', { reason: 'torn down' })
    this.#attempt?.cut('torn down')
  }

  #end(end: SubscriptionEnd): void {
    const wasSubscribed = this.#isIn('subscribed')
    this.#transition('ended', { reason: end.message })
    if (wasSubscribed) this.#listener?.onDisconnected(end.message)
    this.#listener?.onEnded(end)
  }

  async #lost(reason: string): Promise<void> {
    const wasSubscribed = this.#isIn('subscribed')
    const { clock } = this.#options
    // Otherwise a master that takes the framework and drops it at once would be asked without a pause.
    const isStable = clock.monotonicNow() - this.#subscribedMs >= this.#limits.maxBackoffMs
    if (wasSubscribed && isStable) this.#backoff.reset()
    const retryInMs = this.#backoff.next()
    this.#transition('lost', { reason, retryInMs })
    if (wasSubscribed) this.#listener?.onDisconnected(reason)
    else this.#listener?.onAttemptFailed?.(reason, retryInMs)
    if (this.#isIn('pausing')) await this.#pause.wait(retryInMs)
    if (this.#isIn('pausing')) this.#transition('retried')
  }

  #onMastersChanged(): void {
    const { masters, description } = this.#options.detector
    if (masters.length === 0) return
    this.#preferred = 0
    this.#backoff.reset()
    this.#pause.wake()
    const asked = this.#attempt && authorityOf(this.#attempt.url)
    const isStillNamed = masters.some((master) => authorityOf(this.#urlOf(master)) === asked)
    if (!isStillNamed) this.#attempt?.cut(`another master leads by the word of ${description}`)
  }

  #isIn(...states: readonly SchedulerState[]): boolean {
    return states.includes(this.#state)
  }

  #transition(input: SchedulerInput, facts: Readonly<Record<string, unknown>> = {}): void {
    const from = this.#state
    const to = SCHEDULER_TRANSITIONS[from][input]
    assert.ok(to !== undefined, `a scheduler that is ${from} cannot be ${input}`)
    this.#state = to
    const frameworkId = this.#framework?.id
    const isNews = from === 'subscribed' || to === 'subscribed' || to === 'ended'
    this.#log[isNews ? 'info' : 'debug']('The scheduler of Mesos goes on', {
      frameworkId,
      from,
      to,
      ...facts,
    })
  }
}
