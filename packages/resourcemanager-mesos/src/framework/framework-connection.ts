import type { Clock, Logger } from '@flink-ts/core'
import {
  type FrameworkInfo,
  MesosCallError,
  type MesosScheduler,
  type SchedulerCall,
  type SchedulerEvent,
  type SchedulerListener,
  type Subscription,
  type SubscriptionEnd,
} from '@flink-ts/mesos-client'
import { ConnectionMonitor } from './connection-monitor.js'
import type { FrameworkIdentity } from './framework-identity.js'

/** Who hears of what comes on the subscriptions of a framework. */
export interface FrameworkConnectionHandler {
  /**
   * The master knows the framework, whose id is kept.
   *
   * @param isKnown whether the framework has been there before
   */
  onConnected(isKnown: boolean): void
  onDisconnected(): void
  onEvent(event: SchedulerEvent): void
  /** After `onDisconnected`, if it was connected. Nothing more comes unless it is opened again. */
  onEnded(end: SubscriptionEnd): void
  /** The framework's id could not be kept. */
  onFailed(error: unknown): void
}

export interface FrameworkConnectionOptions {
  readonly clock: Clock
  readonly log: Logger
  /** For the person who watches the console. */
  readonly tell: (line: string) => void
  /** See `ConnectionMonitorOptions`. */
  readonly onTrouble?: (why: string | undefined) => void
  /** Without an id. */
  readonly framework: FrameworkInfo
  readonly identity: FrameworkIdentity
  readonly createScheduler: () => Promise<MesosScheduler>
  readonly handler: FrameworkConnectionHandler
}

/** The subscriptions of a framework, one after the other. Nobody hears of one before a later leader could find the framework. */
export class FrameworkConnection {
  readonly #options: FrameworkConnectionOptions
  readonly #monitor: ConnectionMonitor
  #scheduler: MesosScheduler | undefined
  /** The schedulers that have ended are giving back what they have of the machine. */
  #closing: Promise<unknown> = Promise.resolve()
  /** Events that came while the framework's id is being kept; undefined: they are handed on as they come. */
  #backlog: SchedulerEvent[] | undefined
  #isConnected = false
  #isClosed = false
  /**
   * The framework is new, and the master forgets it as soon as its stream breaks: until its id is kept nobody could come back as it, and it
   * would be there for its failover timeout, empty.
   */
  #isProvisional = false
  /** The master is older than UPDATE_FRAMEWORK. */
  #isUpdateRefused = false

  constructor(options: FrameworkConnectionOptions) {
    this.#options = options
    this.#monitor = new ConnectionMonitor(options)
  }

  /** Whether it subscribes, or has. */
  get isOpen(): boolean {
    return this.#scheduler !== undefined
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  /**
   * Begins to subscribe, with the present id.
   *
   * @throws FlinkError if no master is named
   */
  async open(): Promise<void> {
    const { framework, identity, createScheduler } = this.#options
    const scheduler = await createScheduler()
    if (this.#isClosed) {
      await this.#close(scheduler)
      return
    }
    this.#scheduler = scheduler
    this.#monitor.connecting()
    const { frameworkId } = identity
    this.#isProvisional = frameworkId === undefined && !this.#isUpdateRefused
    const { failoverTimeoutSeconds } = framework
    scheduler.start(
      {
        ...framework,
        ...(frameworkId === undefined ? {} : { id: frameworkId }),
        failoverTimeoutSeconds: this.#isProvisional ? 0 : failoverTimeoutSeconds,
      },
      this.#listenerOf(scheduler),
    )
  }

  /** Closes the stream without a word; nothing is told any more. Resolves when nothing of the machine is held; idempotent. */
  async close(): Promise<void> {
    const scheduler = this.#scheduler
    this.#isClosed = true
    this.#scheduler = undefined
    this.#disconnected('it is closed')
    this.#monitor.stop()
    await (scheduler === undefined ? this.#closing : this.#close(scheduler))
  }

  /**
   * TEARDOWN is taken as soon as the master knows the framework, whether or not its id is kept.
   *
   * @throws MesosCallError
   */
  async call(call: SchedulerCall): Promise<void> {
    const isSubscribed = this.#backlog !== undefined
    const mayCall = this.#isConnected || (isSubscribed && call.type === 'TEARDOWN')
    if (this.#scheduler === undefined || !mayCall) {
      throw new MesosCallError('not-subscribed', `${call.type}: the framework is not subscribed`)
    }
    return this.#scheduler.call(call)
  }

  /** What an earlier scheduler says is not heard. */
  #listenerOf(scheduler: MesosScheduler): SchedulerListener {
    const { log, handler } = this.#options
    const ifPresent =
      <A extends unknown[]>(listener: (...args: A) => void) =>
      (...args: A) => {
        if (this.#scheduler === scheduler) listener(...args)
      }
    return {
      onSubscribed: ifPresent((subscription: Subscription) => this.#subscribed(subscription)),
      onEvent: ifPresent((event: SchedulerEvent) => {
        if (this.#backlog === undefined) handler.onEvent(event)
        else this.#backlog.push(event)
      }),
      onDisconnected: ifPresent((reason: string) => this.#disconnected(reason)),
      onAttemptFailed: ifPresent((reason: string, retryInMs: number) => {
        log.debug('An attempt to subscribe failed', { reason, retryInMs })
        this.#monitor.attemptFailed(reason)
      }),
      onEnded: ifPresent((end: SubscriptionEnd) => {
        const { frameworkId } = this.#options.identity
        log.warn('The framework is not subscribed any more', { frameworkId, ...end })
        this.#scheduler = undefined
        this.#disconnected(end.message)
        this.#monitor.stop()
        void this.#close(scheduler)
        handler.onEnded(end)
      }),
    }
  }

  /** It gives back what it has of the machine: connections, a client of ZooKeeper. Never rejects. */
  #close(scheduler: MesosScheduler): Promise<unknown> {
    const { log } = this.#options
    const closing = scheduler
      .close()
      .catch((error) => log.warn('A scheduler could not be closed', { error }))
    this.#closing = Promise.all([this.#closing, closing])
    return this.#closing
  }

  #subscribed({ frameworkId, master }: Subscription): void {
    const { identity, handler } = this.#options
    const isKnown = identity.frameworkId === frameworkId
    const backlog: SchedulerEvent[] = []
    this.#backlog = backlog
    this.#monitor.attemptFailed(`${master} has registered the framework, whose id is not kept yet`)
    // Unless that subscription is over by now.
    const isPresent = () => this.#backlog === backlog
    // Also if it is known: an earlier subscription may have ended before it was kept.
    const kept = identity.keep(frameworkId)
    const settled = this.#isProvisional
      ? kept.then(() => (isPresent() ? this.#settle() : undefined))
      : kept
    settled.then(
      () => {
        if (!isPresent() || this.#isProvisional) return
        this.#backlog = undefined
        this.#isConnected = true
        this.#monitor.connected(frameworkId, master)
        handler.onConnected(isKnown)
        for (const event of backlog) handler.onEvent(event)
      },
      (error) => {
        this.#monitor.stop()
        handler.onFailed(error)
      },
    )
  }

  /** The id is kept: from now on the master waits for whoever comes back as the framework. */
  async #settle(): Promise<void> {
    const { log, identity, framework } = this.#options
    const scheduler = this.#scheduler
    try {
      await scheduler?.call({ type: 'UPDATE_FRAMEWORK', framework })
      this.#isProvisional = false
    } catch (error) {
      const isRefused = error instanceof MesosCallError && error.reason === 'refused'
      // Otherwise the next subscription comes to this, or the master has forgotten the framework.
      if (!isRefused || scheduler === undefined || scheduler !== this.#scheduler) return
      log.info('The master does not change frameworks: another one is registered', { error })
      this.#isUpdateRefused = true
      this.#scheduler = undefined
      this.#backlog = undefined
      this.#monitor.stop()
      await this.#close(scheduler)
      await identity.forget()
      if (!this.#isClosed) await this.open()
    }
  }

  #disconnected(reason: string): void {
    this.#backlog = undefined
    if (!this.#isConnected) return
    this.#isConnected = false
    this.#monitor.connecting(reason)
    if (!this.#isClosed) this.#options.handler.onDisconnected()
  }
}
