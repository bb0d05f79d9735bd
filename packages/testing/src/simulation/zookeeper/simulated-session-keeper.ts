import type { CancelTimer, Clock, Random } from '@flink-ts/core'
import type { ZooKeeperSessionEvent } from '@flink-ts/zookeeper-client'
import { askForSession } from './ask-for-session.js'
import { SimulatedClientFate } from './simulated-client-fate.js'
import { SimulatedTimers } from './simulated-timers.js'
import {
  type CallEffects,
  type CallRoute,
  errorOf,
  type SimulatedZooKeeperCall,
  SimulatedZooKeeperCalls,
} from './simulated-zookeeper-calls.js'
import type {
  CutNotice,
  SimulatedZooKeeperClientSettings,
  SimulatedZooKeeperServers,
} from './simulated-zookeeper-servers.js'
import type { SimulatedZooKeeperSession } from './simulated-zookeeper-session.js'
import { ZooKeeperConnection } from './zookeeper-connection.js'
import type { ZooKeeperObserver } from './zookeeper-observer.js'
import { ZooKeeperWatchers } from './zookeeper-watchers.js'

export interface SimulatedSessionKeeperOptions extends SimulatedZooKeeperClientSettings {
  readonly clock: Clock
  readonly random: Random
  readonly latencyMs?: () => number
  readonly reconnectDelayMs?: () => number
  readonly observer?: ZooKeeperObserver
  readonly servers: SimulatedZooKeeperServers
}

const DEFAULT_SESSION_TIMEOUT_MS = 60_000
const DEFAULT_CONNECTION_TIMEOUT_MS = 15_000

/** The session of a simulated client: opens it, keeps it, brings requests there and answers back. */
export class SimulatedSessionKeeper {
  readonly timeoutMs: number
  readonly watchers = new ZooKeeperWatchers()
  readonly #options: SimulatedSessionKeeperOptions
  readonly #listeners = new Set<(event: ZooKeeperSessionEvent) => void>()
  readonly #timers: SimulatedTimers
  readonly #calls: SimulatedZooKeeperCalls
  readonly #fate: SimulatedClientFate
  #state: 'new' | 'open' | 'auth-failed' | 'closing' | 'closed' | 'crashed' = 'new'
  #connection: ZooKeeperConnection | undefined
  /** The servers have taken the connection. */
  #isConnected = false
  #sessionId: string | undefined
  /** Given up, but the servers may have it yet: it is ended before another one is asked for. */
  #givenUp: string | undefined
  /** Of the last transaction that the servers have told of. */
  #zxid = 0
  #cancelLost: CancelTimer | undefined
  #cancelConnect: CancelTimer | undefined
  readonly #closed: Promise<void>
  #resolveClosed: () => void = () => {}

  constructor(options: SimulatedSessionKeeperOptions) {
    this.#options = options
    this.timeoutMs = options.sessionTimeoutMs ?? DEFAULT_SESSION_TIMEOUT_MS
    this.#timers = new SimulatedTimers(options.clock, options.latencyMs === undefined)
    this.#calls = new SimulatedZooKeeperCalls({ ...options, timers: this.#timers })
    this.#fate = new SimulatedClientFate({
      ...options,
      timers: this.#timers,
      timeoutMs: this.timeoutMs,
      session: {
        connection: () => this.#connection,
        sessionId: () => this.#sessionId,
        isConnected: () => this.#isConnected,
        isOver: () => this.isOver,
        look: () => this.#look(),
        connect: () => this.#connect(),
      },
    })
    this.#closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
  }

  get sessionId(): string | undefined {
    return this.#sessionId
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  /** As `ZooKeeperClient.sessionSafeUntil`. */
  get safeUntil(): number | undefined {
    if (this.#sessionId === undefined) return undefined
    const isSilent = !this.#isConnected || !this.#fate.isUntouched
    return (isSilent ? this.#fate.lastHeardMs : this.#now()) + this.timeoutMs
  }

  /** It neither has a session nor will have one. */
  get isOver(): boolean {
    return this.#state === 'closed' || this.#state === 'crashed'
  }

  listen(listener: (event: ZooKeeperSessionEvent) => void): () => void {
    this.#listeners.add(listener)
    if (this.#isConnected) listener({ type: 'connected', sessionId: this.#sessionId! })
    return () => void this.#listeners.delete(listener)
  }

  start(): void {
    this.#state = 'open'
    const { authorization } = this.#options
    if (authorization !== undefined && authorization.scheme !== 'digest') {
      this.#timers.later(0, () => this.#refuse(authorization.scheme))
    } else this.#connect(0)
  }

  /** Has the servers run `run`, in the order of the calls. */
  call<T>(
    operation: string,
    run: (session: SimulatedZooKeeperSession) => T,
    effects: CallEffects<T> = {},
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const call: SimulatedZooKeeperCall = {
        operation,
        sessionId: this.#sessionId,
        reject,
        send: () => this.#calls.send(call, run, resolve, { ...effects, ...this.#route() }),
      }
      if (this.#state === 'auth-failed') reject(errorOf(call, 'auth-failed'))
      else if (this.#state === 'closing' || this.#state === 'closed')
        reject(errorOf(call, 'closed'))
      else if (this.#isConnected) call.send()
      else this.#calls.wait(call, this.#connectionTimeoutMs)
    })
  }

  close(): Promise<void> {
    if (this.#state === 'closing' || this.isOver) return this.#closed
    this.#calls.rejectWaiting('closed')
    const id = this.#sessionId
    if (this.#isConnected && id !== undefined) {
      const { servers } = this.#options
      const finish = () => this.#finish()
      this.call('close the session', () => servers.closeSession(id)).then(finish, finish)
      this.#timers.later(this.#connectionTimeoutMs, finish)
      this.#state = 'closing'
    } else this.#finish()
    return this.#closed
  }

  // ---------------------------------------------------------------- fate

  cut(notice: CutNotice): void {
    this.#fate.cut(notice)
  }

  restore(): void {
    this.#fate.restore()
  }

  standStill(): void {
    this.#fate.standStill()
  }

  goOn(): void {
    this.#fate.goOn()
  }

  crash(): void {
    if (this.isOver) return
    this.#fate.crash()
    this.#state = 'crashed'
    this.#stop()
  }

  /** The servers have no quorum. @returns requests that they may yet carry out when they have one */
  serversAreGone(): (() => void)[] {
    if (this.#fate.isUntouched) this.#fate.heard()
    const undecided = this.#connection?.break({ collect: true }) ?? []
    if (!this.#fate.isNetworkSilent) this.#look()
    return undecided
  }

  serversAreBack(): void {
    this.#connect()
  }

  /** The servers close the connection of a session that is over. */
  serversEnded(sessionId: string): void {
    const connection = this.#connection
    if (this.#sessionId === sessionId) this.#hangUp(connection)
  }

  // ---------------------------------------------------------------- the connection

  #connect(delayMs = this.#options.reconnectDelayMs?.() ?? 0): void {
    if (this.#state !== 'open' || this.#cancelConnect !== undefined) return
    if (this.#connection !== undefined || !this.#mayConnect()) return
    this.#cancelConnect = this.#timers.later(delayMs, () => {
      this.#cancelConnect = undefined
      if (this.#mayConnect()) this.#open()
    })
  }

  #mayConnect(): boolean {
    return this.#fate.isNetworkOpen && this.#options.servers.areReachable()
  }

  #open(): void {
    const { clock, random, latencyMs, servers } = this.#options
    const connection = new ZooKeeperConnection({ clock, random, latencyMs })
    this.#connection = connection
    if (this.#fate.standsStill) connection.hold('toClient')
    askForSession(connection, {
      client: this.#options,
      servers,
      timeoutMs: this.timeoutMs,
      id: this.#sessionId,
      givenUp: this.#givenUp,
      watchers: this.watchers,
      zxid: () => this.#zxid,
      onTransaction: (zxid) => this.#heardOf(zxid),
      onAnswered: (id) => this.#onAccepted(id),
    })
  }

  #onAccepted(id: string | undefined): void {
    if (id === undefined) {
      this.#connection!.break()
      this.#connection = undefined
      this.#lose()
      this.#connect()
      return
    }
    const type = this.#sessionId === id ? 'reconnected' : 'connected'
    this.#isConnected = true
    this.#sessionId = id
    this.#givenUp = undefined
    this.#fate.heard()
    this.#cancelLost?.()
    this.#cancelLost = undefined
    this.#emit({ type, sessionId: id })
    this.#calls.sendWaiting(() => this.#isConnected)
  }

  /** The client sees that its connection is broken, if it is and if the client sees anything. */
  #look(): void {
    if (this.#fate.standsStill || this.#connection?.isBroken !== true) return
    this.#connection = undefined
    if (this.#state === 'closing') {
      this.#calls.failInFlight()
      this.#finish()
      return
    }
    if (this.#isConnected) {
      this.#isConnected = false
      const elapsedMs = this.#now() - this.#fate.lastHeardMs
      this.#cancelLost = this.#timers.later(this.timeoutMs - elapsedMs, () => this.#onLostTimer())
      this.#emit({ type: 'suspended' })
      this.#calls.failInFlight()
    }
    this.#connect()
  }

  #onLostTimer(): void {
    this.#cancelLost = undefined
    // The answer to a connection that asks for this session comes too late.
    this.#connection?.break()
    this.#connection = undefined
    this.#cancelConnect?.()
    this.#cancelConnect = undefined
    this.#givenUp = this.#sessionId
    this.#lose()
    this.#connect()
  }

  #lose(): void {
    const id = this.#sessionId
    this.#cancelLost?.()
    this.#cancelLost = undefined
    this.#sessionId = undefined
    this.watchers.clear()
    this.#emit({ type: 'lost' })
    this.#calls.rejectWaiting('session-expired', (call) => call.sessionId === id)
  }

  #heardOf(zxid: number): void {
    this.#zxid = Math.max(this.#zxid, zxid)
  }

  #hangUp(connection: ZooKeeperConnection | undefined): void {
    connection?.send('toClient', () => {
      if (this.#connection !== connection) return
      this.#fate.heard()
      connection.break()
      this.#look()
    })
  }

  #route(): CallRoute {
    return {
      target: () =>
        this.#connection === undefined || this.#sessionId === undefined || this.isOver
          ? undefined
          : { connection: this.#connection, sessionId: this.#sessionId },
      onAnswered: (zxid) => this.#heardOf(zxid),
      onRefused: (connection) => this.#hangUp(connection),
    }
  }

  // ---------------------------------------------------------------- the end

  #refuse(scheme: string): void {
    this.#state = 'auth-failed'
    this.#emit({ type: 'auth-failed', scheme })
    this.#calls.rejectWaiting('auth-failed')
  }

  #finish(): void {
    if (this.isOver) return
    this.#state = 'closed'
    this.#stop()
    this.#calls.failInFlight()
    this.#resolveClosed()
  }

  #stop(): void {
    this.#connection?.break()
    this.#connection = undefined
    this.#isConnected = false
    this.#sessionId = undefined
    this.watchers.clear()
    this.#timers.cancelAll()
  }

  get #connectionTimeoutMs(): number {
    return this.#options.connectionTimeoutMs ?? DEFAULT_CONNECTION_TIMEOUT_MS
  }

  #emit(event: ZooKeeperSessionEvent): void {
    for (const listener of [...this.#listeners]) listener(event)
  }

  #now(): number {
    return this.#options.clock.monotonicNow()
  }
}
