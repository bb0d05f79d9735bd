import assert from 'node:assert/strict'
import type { Clock, Logger, Random } from '@flink-ts/core'
import { type FencingToken, formatFencingToken, sameFencingToken } from '@flink-ts/rpc'
import type { LeaderAddress } from '../high-availability-services.js'
import { LeadershipLostError } from '../store/store-errors.js'
import { VersionedEntries } from '../store/versioned-entries.js'
import { CoordinationLink } from './coordination-link.js'
import type { CoordinationListener, CoordinationSession } from './coordination-session.js'

export interface InMemoryCoordinationOptions {
  /** Of the service, not of a client: sessions expire by it. */
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** A client that is cut off for so long loses its session. Default 60 s. */
  readonly sessionTimeoutMs?: number
  /** Of each message, in milliseconds. Default: messages take no time. */
  readonly latencyMs?: () => number
}

/** Who leads, as the service sees it. */
export interface CoordinationLeader {
  readonly client: string
  readonly token: FencingToken
}

/**
 * A coordination service for several JobManagers in one thread: one leader at a time with an epoch higher
 * than all before, and entries that only the leader changes. Every operation happens at one moment, when
 * its message arrives here. Processes take part by an
 * `InMemoryHighAvailability` each; the methods here are for whoever plays fate.
 */
export class InMemoryCoordination {
  readonly #options: InMemoryCoordinationOptions
  readonly #entries = new VersionedEntries()
  /** The latest of each client, expired or not. */
  readonly #sessions = new Map<string, CoordinationSession>()
  /** All that have not expired, also of processes that were restarted since. */
  readonly #alive = new Set<CoordinationSession>()
  /** In the order in which they joined, without the leader. */
  #candidates: CoordinationSession[] = []
  #leader: { readonly session: CoordinationSession; readonly token: FencingToken } | undefined
  readonly #addresses = new Map<string, LeaderAddress>()
  #epoch = 0
  #sessionCount = 0

  constructor(options: InMemoryCoordinationOptions) {
    this.#options = options
  }

  /** As the service sees it: the client may not know yet. */
  get leader(): CoordinationLeader | undefined {
    return this.#leader && { client: this.#leader.session.client, token: this.#leader.token }
  }

  /** Everything that is kept now, as `namespace/name`, sorted. */
  get entryPaths(): string[] {
    return this.#entries.namespaces.flatMap((namespace) =>
      this.#entries.names(namespace).map((name) => `${namespace}/${name}`),
    )
  }

  /** Clients that want to lead, in the order in which they get their turn; the leader is not among them. */
  get candidates(): string[] {
    return this.#candidates.map(({ client }) => client)
  }

  // ---------------------------------------------------------------- fate

  /** The leader loses its leadership, hears of it, and stands at the end of the queue. */
  revokeLeadership(): void {
    const session = this.#leader?.session
    if (session !== undefined) this.#requeue(session)
  }

  /** `client` leads next, and at once: whoever leads now is revoked. It must want to lead. */
  grantLeadership(client: string): void {
    const session = this.#session(client)
    if (this.#leader?.session === session) return
    assert(this.#candidates.includes(session), `${client} takes part in the election`)
    this.#candidates = [session, ...this.#candidates.filter((other) => other !== session)]
    this.revokeLeadership()
  }

  /**
   * The session of `client` ends. With `unnoticed` the client goes on believing that it leads, and its
   * writes are refused, until {@link notice}.
   */
  expireSession(client: string, { unnoticed = false }: { unnoticed?: boolean } = {}): void {
    this.#expire(this.#session(client))
    if (!unnoticed) this.notice(client)
  }

  /** `client` hears that its session is over, if it is. */
  notice(client: string): void {
    const session = this.#session(client)
    if (session.expired) session.link.send('toClient', () => session.listener.onExpired())
  }

  /**
   * The connection of `client` is cut: what is under way is lost, and the session expires unless
   * {@link reconnect} comes in time. The client gives up its leadership at once, or, with `unaware`
   * (it stands still, say), knows nothing.
   */
  disconnect(client: string, { unaware = false }: { unaware?: boolean } = {}): void {
    const session = this.#session(client)
    if (!session.link.isConnected) return
    session.link.cut()
    session.aware = !unaware
    this.#armExpiry(session)
    if (!unaware) session.listener.onSuspended()
  }

  /** The connection is back; the client hears what it has missed. */
  reconnect(client: string): void {
    const session = this.#session(client)
    if (session.link.isConnected) return
    session.cancelExpiry?.()
    session.cancelExpiry = undefined
    session.link.restore()
    if (session.expired) {
      this.notice(client)
      return
    }
    // Whoever has given up its leadership gets it back only in its turn, with a new token.
    if (session.aware && this.#leader?.session === session) this.#requeue(session)
    session.aware = false
    session.link.send('toClient', () => session.listener.onReconnected())
    this.#tellLeadership(session)
    for (const component of session.subscriptions) this.#tellLeader(session, component)
  }

  /** The process `client` is gone: nothing reaches it any more, and its session expires in time. */
  crash(client: string): void {
    const session = this.#sessions.get(client)
    if (session === undefined) return
    session.link.cut(true)
    this.#armExpiry(session)
  }

  /** Ends all sessions without a word. */
  close(): void {
    for (const session of this.#alive) {
      session.link.cut(true)
      session.cancelExpiry?.()
    }
    this.#alive.clear()
    this.#sessions.clear()
    this.#candidates = []
    this.#leader = undefined
  }

  // ---------------------------------------------------------------- what clients call, through their link

  /** @internal */
  openSession(client: string, listener: CoordinationListener): CoordinationSession {
    const { clock, latencyMs } = this.#options
    const session: CoordinationSession = {
      id: ++this.#sessionCount,
      client,
      listener,
      link: new CoordinationLink({ client, clock, latencyMs }),
      subscriptions: new Set(),
      expired: false,
      aware: false,
      cancelExpiry: undefined,
    }
    this.#sessions.set(client, session)
    this.#alive.add(session)
    return session
  }

  /** The client ends by itself: its leadership is free at once. @internal */
  closeSession(session: CoordinationSession): void {
    this.#expire(session)
    session.link.cut(true)
    if (this.#sessions.get(session.client) === session) this.#sessions.delete(session.client)
  }

  /** @internal */
  join(session: CoordinationSession): void {
    if (session.expired || this.#leader?.session === session) return
    if (!this.#candidates.includes(session)) this.#candidates.push(session)
    this.#grantNext()
  }

  /** @internal */
  subscribe(session: CoordinationSession, component: string): void {
    if (session.expired) return
    session.subscriptions.add(component)
    this.#tellLeader(session, component)
  }

  /** @internal */
  publish(component: string, leader: LeaderAddress): void {
    this.#checkLeader(`publish the address of ${component}`, leader.token)
    this.#addresses.set(component, leader)
    this.#tellAll(component)
  }

  /** All addresses of the leader's components at once, as after a reconnection. @internal */
  publishAll(token: FencingToken, leaders: ReadonlyMap<string, LeaderAddress>): void {
    this.#checkLeader('publish addresses', token)
    for (const component of [...this.#addresses.keys()]) {
      if (!leaders.has(component)) this.withdraw(component, token)
    }
    for (const [component, leader] of leaders) this.publish(component, leader)
  }

  /** @internal */
  withdraw(component: string, token: FencingToken): void {
    if (!sameFencingToken(this.#addresses.get(component)?.token, token)) return
    this.#addresses.delete(component)
    this.#tellAll(component)
  }

  /** @internal */
  read<T>(run: (entries: VersionedEntries) => T): T {
    return run(this.#entries)
  }

  /** @throws LeadershipLostError @internal */
  write<T>(operation: string, token: FencingToken, run: (entries: VersionedEntries) => T): T {
    this.#checkLeader(operation, token)
    return run(this.#entries)
  }

  // ---------------------------------------------------------------- the election

  #checkLeader(operation: string, token: FencingToken): void {
    const leader = this.#leader?.token
    if (!sameFencingToken(leader, token))
      throw new LeadershipLostError({ operation, token, leader })
  }

  #grantNext(): void {
    if (this.#leader !== undefined) return
    const session = this.#candidates.shift()
    if (session === undefined) return
    const { random, log } = this.#options
    const token = { epoch: ++this.#epoch, uuid: random.uuid() }
    this.#leader = { session, token }
    log.info('Leadership is granted', { client: session.client, token: formatFencingToken(token) })
    this.#tellLeadership(session)
  }

  #dropLeader(session: CoordinationSession): void {
    if (this.#leader?.session !== session) return
    const { client } = session
    this.#options.log.info('Leadership is taken', {
      client,
      token: formatFencingToken(this.#leader.token),
    })
    this.#leader = undefined
    this.#tellLeadership(session)
    const published = [...this.#addresses.keys()]
    this.#addresses.clear()
    for (const component of published) this.#tellAll(component)
  }

  #requeue(session: CoordinationSession): void {
    this.#dropLeader(session)
    this.#candidates.push(session)
    this.#grantNext()
  }

  #armExpiry(session: CoordinationSession): void {
    if (session.expired || session.cancelExpiry !== undefined) return
    const { clock, sessionTimeoutMs = 60_000 } = this.#options
    session.cancelExpiry = clock.schedule(sessionTimeoutMs, () => this.#expire(session))
  }

  #expire(session: CoordinationSession): void {
    if (session.expired) return
    session.cancelExpiry?.()
    session.cancelExpiry = undefined
    session.expired = true
    this.#alive.delete(session)
    session.subscriptions.clear()
    this.#candidates = this.#candidates.filter((candidate) => candidate !== session)
    this.#dropLeader(session)
    this.#grantNext()
  }

  // ---------------------------------------------------------------- news

  #tellLeadership(session: CoordinationSession): void {
    if (session.expired) return
    const token = this.#leader?.session === session ? this.#leader.token : undefined
    session.link.send('toClient', () => session.listener.onLeadership(token))
  }

  #tellAll(component: string): void {
    for (const session of this.#alive) {
      if (session.subscriptions.has(component)) this.#tellLeader(session, component)
    }
  }

  #tellLeader(session: CoordinationSession, component: string): void {
    const leader = this.#addresses.get(component)
    session.link.send('toClient', () => session.listener.onLeader(component, leader))
  }

  #session(client: string): CoordinationSession {
    const session = this.#sessions.get(client)
    assert(session !== undefined, `${client} is connected to the coordination service`)
    return session
  }
}
