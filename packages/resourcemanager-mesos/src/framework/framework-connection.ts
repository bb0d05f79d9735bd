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
    scheduler.start(
      frameworkId === undefined ? framework : { ...framework, id: frameworkId },
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

  /** @throws MesosCallError */
  async call(call: SchedulerCall): Promise<void> {
    if (this.#scheduler === undefined || !this.#isConnected) {
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
    // Also if it is known: an earlier subscription may have ended before it was kept.
    identity.keep(frameworkId).then(
      () => {
        // Unless that subscription is over by now.
        if (this.#backlog !== backlog) return
        this.#backlog = undefined
        this.#isConnected = true
        this.#monitor.connected(frameworkId, master)
        handler.onConnected(isKnown)
        for (const event of backlog) handler.onEvent(event)
      },
      (error) => handler.onFailed(error),
    )
  }

  #disconnected(reason: string): void {
    this.#backlog = undefined
    if (!this.#isConnected) return
    this.#isConnected = false
    this.#monitor.connecting(reason)
    if (!this.#isClosed) this.#options.handler.onDisconnected()
  }
}
