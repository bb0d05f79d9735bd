import type { CancelTimer, Clock, Random } from '@flink-ts/core'
import type { SimulatedTimers } from './simulated-timers.js'
import type { CutNotice, SimulatedZooKeeperServers } from './simulated-zookeeper-servers.js'
import type { ZooKeeperConnection } from './zookeeper-connection.js'

/** The session of the client, as far as its fate concerns it. */
export interface FatedSession {
  /** Undefined: there is none (any more). */
  connection(): ZooKeeperConnection | undefined
  sessionId(): string | undefined
  /** The servers have taken the connection. */
  isConnected(): boolean
  isOver(): boolean
  /** The client sees whether its connection is broken. */
  look(): void
  connect(): void
}

export interface SimulatedClientFateOptions {
  readonly clock: Clock
  readonly random: Random
  readonly latencyMs?: () => number
  readonly timers: SimulatedTimers
  readonly servers: SimulatedZooKeeperServers
  /** Of the session. */
  readonly timeoutMs: number
  readonly session: FatedSession
}

/** Whoever hears nothing of the servers for this part of the session timeout breaks the connection. */
const SILENCE = 1 / 2
/** Clients without requests say that they live once in this part of it. */
const PING = 1 / 6
/** A process that has stood still takes up to so long to see what has become of its connection. */
const AWAKENING_MS = 10

/** What befalls a simulated client, and since when it has heard nothing: its network is cut, its process stands still. */
export class SimulatedClientFate {
  readonly #options: SimulatedClientFateOptions
  #network: 'open' | 'cut' | 'silent' = 'open'
  #standsStill = false
  #lastHeardMs = 0
  /** The client sees that nothing passes any more. */
  #cancelNotice: CancelTimer | undefined

  constructor(options: SimulatedClientFateOptions) {
    this.#options = options
  }

  /** Of the monotonic clock. */
  get lastHeardMs(): number {
    return this.#lastHeardMs
  }

  /** Something came from the servers just now. */
  heard(): void {
    this.#lastHeardMs = this.#now()
  }

  get isNetworkOpen(): boolean {
    return this.#network === 'open'
  }

  /** Nothing passes, and the client may not have seen it. */
  get isNetworkSilent(): boolean {
    return this.#network === 'silent'
  }

  get standsStill(): boolean {
    return this.#standsStill
  }

  /** Nothing keeps messages from passing. */
  get isUntouched(): boolean {
    return this.#network === 'open' && !this.#standsStill
  }

  cut(notice: CutNotice): void {
    const { session, timers, timeoutMs } = this.#options
    if (this.#network === 'cut' || session.isOver()) return
    this.#leaveAlone()
    const connection = session.connection()
    if (notice === 'at-once') {
      this.#network = 'cut'
      connection?.break()
      session.look()
      return
    }
    if (this.#network === 'silent') return
    this.#network = 'silent'
    connection?.hold('toServers')
    connection?.hold('toClient')
    const heardMs = this.#now() - this.#lastHeardMs
    this.#cancelNotice = timers.later(timeoutMs * SILENCE - heardMs, () => {
      if (this.#network !== 'silent' || session.connection() !== connection) return
      connection?.break()
      session.look()
    })
  }

  restore(): void {
    const { session } = this.#options
    if (this.#network === 'open' || session.isOver()) return
    this.#network = 'open'
    this.#cancelNotice?.()
    session.look()
    const connection = session.connection()
    if (connection === undefined) {
      session.connect()
      return
    }
    if (!this.#standsStill) this.#servedAgain()
    connection.release('toServers')
    if (!this.#standsStill) connection.release('toClient')
  }

  standStill(): void {
    const { session } = this.#options
    if (this.#standsStill || session.isOver()) return
    this.#leaveAlone()
    this.#standsStill = true
    session.connection()?.hold('toClient')
  }

  goOn(): void {
    const { session, latencyMs, random, timers } = this.#options
    if (!this.#standsStill || session.isOver()) return
    this.#standsStill = false
    // Its timers come first: until it sees what has become of its connection it goes on as if nothing were.
    const delayMs = latencyMs === undefined ? 0 : random.next() * AWAKENING_MS
    if (delayMs === 0) this.#awake()
    else timers.later(delayMs, () => this.#awake())
  }

  /** Its process is gone. */
  crash(): void {
    this.#leaveAlone()
  }

  #awake(): void {
    const { session, timeoutMs } = this.#options
    if (this.#network === 'silent' || this.#standsStill) return
    const connection = session.connection()
    if (this.#now() - this.#lastHeardMs > timeoutMs * SILENCE) connection?.break()
    else this.#servedAgain()
    session.look()
    connection?.release('toClient')
  }

  /** The servers hear of it again. */
  #servedAgain(): void {
    const { servers, session } = this.#options
    const id = session.sessionId()
    if (id !== undefined) servers.sessionIsHeard(id)
  }

  /** The servers do not hear of it from now on; nor has it said anything for a while. */
  #leaveAlone(): void {
    const { session, latencyMs, random, servers, timeoutMs } = this.#options
    if (!session.isConnected() || !this.isUntouched) return
    const atMostMs = Math.min(timeoutMs * PING, this.#now() - this.#lastHeardMs)
    const elapsedMs = latencyMs === undefined ? 0 : random.next() * atMostMs
    this.#lastHeardMs = this.#now() - elapsedMs
    servers.sessionIsAlone(session.sessionId()!, elapsedMs)
  }

  #now(): number {
    return this.#options.clock.monotonicNow()
  }
}
