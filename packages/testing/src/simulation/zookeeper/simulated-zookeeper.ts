import assert from 'node:assert/strict'
import type { Clock, Logger, Random } from '@flink-ts/core'
import { noopLogger } from '@flink-ts/core'
import { SimulatedZooKeeperClient } from './simulated-zookeeper-client.js'
import type {
  CutNotice,
  SessionRequest,
  SimulatedZooKeeperClientSettings,
} from './simulated-zookeeper-servers.js'
import { SimulatedZooKeeperSession } from './simulated-zookeeper-session.js'
import type { ZooKeeperConnection } from './zookeeper-connection.js'
import type { ZooKeeperObserver } from './zookeeper-observer.js'
import { checkPath, nameOf, parentOf } from './zookeeper-path.js'
import { type ZooKeeperChange, ZooKeeperTree } from './zookeeper-tree.js'

export interface SimulatedZooKeeperOptions {
  /** Of the ensemble: sessions expire by it. */
  readonly clock: Clock
  readonly random: Random
  /** Default: nothing is logged. */
  readonly log?: Logger
  /** Of each message, in milliseconds. Default: messages take no time, and go in a microtask each. */
  readonly latencyMs?: () => number
  /** Until a client tries again to connect, in milliseconds. Default: at once. */
  readonly reconnectDelayMs?: () => number
  /** Hears of all that clients do here. */
  readonly observer?: ZooKeeperObserver
}

/** High half of transaction ids: one more with each election among the servers. */
const EPOCH = 2 ** 32

/**
 * A ZooKeeper ensemble in this thread, as one service: every request happens at one moment, when it
 * arrives here. Processes take part by a {@link createClient} each; the other methods are for whoever
 * plays fate.
 */
export class SimulatedZooKeeper {
  readonly #options: SimulatedZooKeeperOptions
  readonly #tree = new ZooKeeperTree(EPOCH)
  /** The latest of each name. */
  readonly #clients = new Map<string, SimulatedZooKeeperClient>()
  readonly #sessions = new Map<string, SimulatedZooKeeperSession>()
  #hasQuorum = true
  /** Requests that the servers agreed on when they lost their quorum, without a word to anybody. */
  #undecided: (() => void)[] = []

  constructor(options: SimulatedZooKeeperOptions) {
    this.#options = options
  }

  createClient(settings: SimulatedZooKeeperClientSettings): SimulatedZooKeeperClient {
    const { name } = settings
    assert(this.#clients.get(name)?.isOver ?? true, `one client ${name} at a time`)
    const client = new SimulatedZooKeeperClient({
      ...settings,
      ...this.#options,
      clock: settings.clock ?? this.#options.clock,
      servers: {
        areReachable: () => this.#hasQuorum,
        accept: (session) => this.#accept(session),
        request: (id, connection, run) => this.#request(id, connection, run),
        closeSession: (id) => this.#endSession(id, 'is closed'),
        sessionIsAlone: (id, elapsedMs) => this.#armExpiry(id, elapsedMs),
        sessionIsHeard: (id) => this.#disarmExpiry(id),
      },
    })
    this.#clients.set(name, client)
    return client
  }

  // ---------------------------------------------------------------- fate

  /** Nothing passes between a client and the servers until {@link restore}; its session expires unless that comes in time. */
  cut(client: string, { notice = 'at-once' }: { readonly notice?: CutNotice } = {}): void {
    this.#client(client).cut(notice)
  }

  /** The client reaches the servers again. */
  restore(client: string): void {
    this.#client(client).restore()
  }

  /** The process of the client stands still: it neither asks nor hears until {@link goOn}; its session may expire. */
  standStill(client: string): void {
    this.#client(client).standStill()
  }

  goOn(client: string): void {
    this.#client(client).goOn()
  }

  /** The servers end the session of `client`; it hears of that as soon as it hears anything. */
  expireSession(client: string): void {
    const { sessionId } = this.#client(client)
    if (sessionId !== undefined) this.#endSession(sessionId, 'has expired')
  }

  /** The process of the client is gone: its code hears nothing any more, and its session expires in time. */
  crash(client: string): void {
    this.#clients.get(client)?.crash()
  }

  /** No server answers until {@link restoreQuorum}. Sessions do not expire meanwhile. */
  loseQuorum(): void {
    if (!this.#hasQuorum) return
    this.#hasQuorum = false
    this.#log.info('The quorum is lost')
    for (const client of this.#clients.values()) this.#undecided.push(...client.serversAreGone())
    for (const { id } of this.#sessions.values()) this.#disarmExpiry(id)
  }

  restoreQuorum(): void {
    if (this.#hasQuorum) return
    this.#hasQuorum = true
    this.#log.info('The quorum is back')
    this.#tree.advanceTo((Math.floor(this.#tree.zxid / EPOCH) + 1) * EPOCH)
    for (const run of this.#undecided.splice(0)) run()
    for (const { id } of this.#sessions.values()) this.#armExpiry(id, 0)
    for (const client of this.#clients.values()) client.serversAreBack()
  }

  get hasQuorum(): boolean {
    return this.#hasQuorum
  }

  /** Ends all sessions without a word. */
  close(): void {
    for (const client of this.#clients.values()) client.crash()
    for (const { id } of this.#sessions.values()) this.#disarmExpiry(id)
    this.#sessions.clear()
    this.#clients.clear()
  }

  // ---------------------------------------------------------------- nodes, by hand

  /** All nodes that there are now, sorted, without the root. */
  get paths(): string[] {
    return this.#tree.paths
  }

  /** Names below a node, sorted; none if there is no such node. */
  children(path: string): string[] {
    return [...(this.#tree.node(path)?.children ?? [])].sort()
  }

  /** @returns undefined: there is no such node */
  data(path: string): Uint8Array | undefined {
    const data = this.#tree.node(path)?.data
    return data && Uint8Array.from(data)
  }

  /** The transaction that created the node; undefined: there is no such node. */
  czxid(path: string): number | undefined {
    return this.#tree.node(path)?.czxid
  }

  /** The client whose session owns an ephemeral node; undefined: nobody, or nobody that is known. */
  ownerOf(path: string): string | undefined {
    const owner = this.#tree.node(path)?.ephemeralOwner
    if (owner === undefined) return undefined
    for (const [name, { sessionId }] of this.#clients) if (sessionId === owner) return name
    return undefined
  }

  /** Puts data into a node, and makes it and its parents if need be, as somebody else would. */
  write(path: string, data: Uint8Array): void {
    checkPath(path, `write ${path}`)
    const nobody = { sessionId: '0', credentials: this.#tree.node(path)?.creator, exclusive: false }
    const missing: string[] = []
    for (let at = path; this.#tree.node(at) === undefined; at = parentOf(at)) missing.unshift(at)
    const operations = [
      ...missing.map((at) => ({ type: 'create', path: at, data: new Uint8Array() }) as const),
      { type: 'set-data', path, data, version: -1 } as const,
    ]
    this.#tell(this.#tree.transact(operations, nobody, `write ${path}`).changes)
  }

  /** Removes a node with all below it, as somebody else would. Nothing happens if there is none. */
  delete(path: string): void {
    assert(nameOf(path) !== '', 'the root stays')
    this.#tell(this.#tree.prune(path))
  }

  // ---------------------------------------------------------------- what clients call, through their connection

  #accept(wanted: SessionRequest): SimulatedZooKeeperSession | undefined {
    const { id, connection } = wanted
    const known = id === undefined ? undefined : this.#sessions.get(id)
    if (id !== undefined && known === undefined) return undefined
    const session = known ?? this.#openSession(wanted)
    session.connection = connection
    session.tell = wanted.tell
    this.#disarmExpiry(session.id)
    const onBreak = () => {
      if (session.connection === connection) this.#armExpiry(session.id, 0)
    }
    if (connection.isBroken) onBreak()
    else connection.onBreak = onBreak
    return session
  }

  #openSession({ timeoutMs, credentials, exclusive }: SessionRequest): SimulatedZooKeeperSession {
    this.#tree.advanceTo(this.#tree.zxid + 1)
    const session = new SimulatedZooKeeperSession({
      id: this.#options.random.hex(8),
      timeoutMs,
      credentials,
      exclusive,
      tree: this.#tree,
      onChanges: (changes) => this.#tell(changes),
    })
    this.#sessions.set(session.id, session)
    return session
  }

  /** @returns undefined: the session is over, or has moved to another connection */
  #request<T>(
    id: string,
    connection: ZooKeeperConnection,
    run: (session: SimulatedZooKeeperSession) => T,
  ): { readonly value: T; readonly zxid: number } | undefined {
    const session = this.#sessions.get(id)
    if (session === undefined || session.connection !== connection) return undefined
    return { value: run(session), zxid: this.#tree.zxid }
  }

  #endSession(id: string, how: string): void {
    const session = this.#sessions.get(id)
    if (session === undefined) return
    this.#disarmExpiry(id)
    this.#sessions.delete(id)
    this.#log.info(`Session ${how}`, { sessionId: id })
    this.#tell(this.#tree.endSession(id))
    for (const client of this.#clients.values()) client.serversEnded(id)
  }

  /** The servers have last heard of it `elapsedMs` ago. */
  #armExpiry(id: string, elapsedMs: number): void {
    const session = this.#sessions.get(id)
    if (session === undefined || session.cancelExpiry !== undefined || !this.#hasQuorum) return
    const { clock, random, latencyMs } = this.#options
    // Servers look after sessions once a tick; and they hear of a client before it hears of them.
    const slackMs = latencyMs === undefined ? 0 : (random.next() - 0.1) * 1_000
    const delayMs = session.timeoutMs - elapsedMs + slackMs
    session.cancelExpiry = clock.schedule(delayMs, () => this.#endSession(id, 'has expired'))
  }

  #disarmExpiry(id: string): void {
    const session = this.#sessions.get(id)
    session?.cancelExpiry?.()
    if (session !== undefined) session.cancelExpiry = undefined
  }

  #tell(changes: readonly ZooKeeperChange[]): void {
    for (const change of changes) {
      this.#options.observer?.onChange?.(change)
      for (const session of this.#sessions.values()) session.observe(change)
    }
  }

  #client(name: string): SimulatedZooKeeperClient {
    const client = this.#clients.get(name)
    assert(client !== undefined, `${name} is a client`)
    return client
  }

  get #log(): Logger {
    return this.#options.log ?? noopLogger
  }
}
