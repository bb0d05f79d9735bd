import type { CancelTimer, Clock, Random } from '@flink-ts/core'
import type { ZooKeeperSessionEvent } from '@flink-ts/zookeeper-client'
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

/** Whoever hears nothing of the servers for this part of the session timeout breaks the connection. */
const SILENCE = 1 / 2
/** Clients without requests say that they live once in this part of it. */
const PING = 1 / 6
/** A process that has stood still takes up to so long to see what has become of its connection. */
const AWAKENING_MS = 10

/** The session of a simulated client: opens it, keeps it, brings requests there and answers back. */
export class SimulatedSessionKeeper {
  readonly timeoutMs: number
  readonly watchers = new ZooKeeperWatchers()
  readonly #options: SimulatedSessionKeeperOptions
  readonly #listeners = new Set<(event: ZooKeeperSessionEvent) => void>()
  readonly #timers: SimulatedTimers
  readonly #calls: SimulatedZooKeeperCalls
  #state: 'new' | 'open' | 'auth-failed' | 'closing' | 'closed' | 'crashed' = 'new'
  #network: 'open' | 'cut' | 'silent' = 'open'
  #standsStill = false
  #connection: ZooKeeperConnection | undefined
  /** The servers have taken the connection. */
  #isConnected = false
  #sessionId: string | undefined
  /** Given up, but the servers may have it yet: it is ended before another one is asked for. */
  #givenUp: string | undefined
  #lastHeardMs = 0
  /** Of the last transaction that the servers have told of. */
  #zxid = 0
  /** The client sees that nothing passes any more. */
  #cancelNotice: CancelTimer | undefined
  #cancelLost: CancelTimer | undefined
  #cancelConnect: CancelTimer | undefined
  readonly #closed: Promise<void>
  #resolveClosed: () => void = () => {}

  constructor(options: SimulatedSessionKeeperOptions) {
    this.#options = options
    this.timeoutMs = options.sessionTimeoutMs ?? DEFAULT_SESSION_TIMEOUT_MS
    this.#timers = new SimulatedTimers(options.clock, options.latencyMs === undefined)
    this.#calls = new SimulatedZooKeeperCalls({ ...options, timers: this.#timers })
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
    const isSilent = !this.#isConnected || this.#network !== 'open' || this.#standsStill
    return (isSilent ? this.#lastHeardMs : this.#now()) + this.timeoutMs
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
    if (this.#network === 'cut' || this.isOver) return
    this.#leaveAlone()
    if (notice === 'at-once') {
      this.#network = 'cut'
      this.#connection?.break()
      this.#look()
      return
    }
    if (this.#network === 'silent') return
    this.#network = 'silent'
    const connection = this.#connection
    connection?.hold('toServers')
    connection?.hold('toClient')
    const heardMs = this.#now() - this.#lastHeardMs
    this.#cancelNotice = this.#timers.later(this.timeoutMs * SILENCE - heardMs, () => {
      if (this.#network !== 'silent' || this.#connection !== connection) return
      connection?.break()
      this.#look()
    })
  }

  restore(): void {
    if (this.#network === 'open' || this.isOver) return
    this.#network = 'open'
    this.#cancelNotice?.()
    this.#look()
    const connection = this.#connection
    if (connection === undefined) {
      this.#connect()
      return
    }
    if (!this.#standsStill && this.#sessionId !== undefined) {
      this.#options.servers.sessionIsHeard(this.#sessionId)
    }
    connection.release('toServers')
    if (!this.#standsStill) connection.release('toClient')
  }

  standStill(): void {
    if (this.#standsStill || this.isOver) return
    this.#leaveAlone()
    this.#standsStill = true
    this.#connection?.hold('toClient')
  }

  goOn(): void {
    if (!this.#standsStill || this.isOver) return
    this.#standsStill = false
    // Its timers come first: until it sees what has become of its connection it goes on as if nothing were.
    const { latencyMs, random } = this.#options
    const delayMs = latencyMs === undefined ? 0 : random.next() * AWAKENING_MS
    if (delayMs === 0) this.#awake()
    else this.#timers.later(delayMs, () => this.#awake())
  }

  crash(): void {
    if (this.isOver) return
    this.#leaveAlone()
    this.#state = 'crashed'
    this.#stop()
  }

  /** The servers have no quorum. @returns requests that they may yet carry out when they have one */
  serversAreGone(): (() => void)[] {
    if (this.#network === 'open' && !this.#standsStill) this.#lastHeardMs = this.#now()
    const undecided = this.#connection?.break({ collect: true }) ?? []
    if (this.#network !== 'silent') this.#look()
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
    return this.#network === 'open' && this.#options.servers.areReachable()
  }

  #open(): void {
    const { servers, authorization, acl } = this.#options
    const connection = new ZooKeeperConnection({
      clock: this.#options.clock,
      random: this.#options.random,
      latencyMs: this.#options.latencyMs,
    })
    this.#connection = connection
    if (this.#standsStill) connection.hold('toClient')
    const { watchers } = this
    const id = this.#sessionId
    const givenUp = this.#givenUp
    const request = {
      id,
      timeoutMs: this.timeoutMs,
      credentials: authorization && `${authorization.scheme}:${authorization.credentials}`,
      exclusive: acl === 'creator',
      connection,
      tell: (event: Parameters<SimulatedZooKeeperSession['tell']>[0], zxid: number) =>
        connection.send('toClient', () => {
          this.#zxid = Math.max(this.#zxid, zxid)
          watchers.tell(event)
        }),
    }
    connection.send('toServers', () => {
      if (givenUp !== undefined) servers.closeSession(givenUp)
      const session = servers.accept(request)
      connection.send('toClient', () => this.#onAccepted(session?.id))
      if (id === undefined) return
      session?.watchAgain({
        zxid: this.#zxid,
        data: watchers.paths('data'),
        exist: watchers.paths('exist'),
        children: watchers.paths('children'),
      })
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
    this.#lastHeardMs = this.#now()
    this.#cancelLost?.()
    this.#cancelLost = undefined
    this.#emit({ type, sessionId: id })
    this.#calls.sendWaiting(() => this.#isConnected)
  }

  /** The client sees that its connection is broken, if it is and if the client sees anything. */
  #look(): void {
    if (this.#standsStill || this.#connection?.isBroken !== true) return
    this.#connection = undefined
    if (this.#state === 'closing') {
      this.#calls.failInFlight()
      this.#finish()
      return
    }
    if (this.#isConnected) {
      this.#isConnected = false
      const elapsedMs = this.#now() - this.#lastHeardMs
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

  #awake(): void {
    if (this.#network === 'silent' || this.#standsStill) return
    const connection = this.#connection
    if (this.#now() - this.#lastHeardMs > this.timeoutMs * SILENCE) connection?.break()
    else if (this.#sessionId !== undefined) {
      this.#options.servers.sessionIsHeard(this.#sessionId)
    }
    this.#look()
    connection?.release('toClient')
  }

  #hangUp(connection: ZooKeeperConnection | undefined): void {
    connection?.send('toClient', () => {
      if (this.#connection !== connection) return
      this.#lastHeardMs = this.#now()
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
      onAnswered: (zxid) => {
        this.#zxid = Math.max(this.#zxid, zxid)
      },
      onRefused: (connection) => this.#hangUp(connection),
    }
  }

  /** The servers do not hear of it from now on; nor has it said anything for a while. */
  #leaveAlone(): void {
    if (!this.#isConnected || this.#network !== 'open' || this.#standsStill) return
    const { latencyMs, random, servers } = this.#options
    const atMostMs = Math.min(this.timeoutMs * PING, this.#now() - this.#lastHeardMs)
    const elapsedMs = latencyMs === undefined ? 0 : random.next() * atMostMs
    this.#lastHeardMs = this.#now() - elapsedMs
    servers.sessionIsAlone(this.#sessionId!, elapsedMs)
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
