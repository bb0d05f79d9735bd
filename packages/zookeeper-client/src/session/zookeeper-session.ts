import assert from 'node:assert/strict'
import type { JuteRecord } from 'node-zookeeper-client/lib/jute/index.js'
import { parseConnectString, type ZooKeeperServer } from '../connect-string.js'
import { NO_NODE } from '../error-codes.js'
import { GuardedConnection } from '../library/guarded-connection.js'
import { shuffled } from '../shuffled.js'
import { toHex } from '../stat.js'
import type { ZooKeeperSessionEvent, ZooKeeperWatcher } from '../zookeeper-client.js'
import type { ZooKeeperClientOptions } from '../zookeeper-client-options.js'
import { ZooKeeperError, type ZooKeeperErrorReason } from '../zookeeper-error.js'
import { MovingDeadline } from './moving-deadline.js'
import { SESSION_TRANSITIONS, type SessionInput, type SessionState } from './session-state.js'
import { WaitingCalls } from './waiting-calls.js'
import { WatchTable } from './watch-table.js'

/** How long {@link ZooKeeperSession.close} waits for a server that has the session, and for one that may not be there. */
const CLOSE_CONNECTED_MS = 3_000
const CLOSE_SUSPENDED_MS = 1_000

/** Servers close the connection of whoever sends more (their `jute.maxbuffer`, as it is by default). */
const MAX_REQUEST_BYTES = 0xfffff
const HEADER_BYTES = 8

export interface SessionRequest<T> {
  /** Such as `create /a`. */
  readonly operation: string
  readonly path: string | undefined
  readonly type: number
  readonly payload: JuteRecord
  /** Set if the answer is good for it. */
  readonly watch?: {
    readonly kind: 'data' | 'children'
    readonly watcher: ZooKeeperWatcher
  }
  /** Reads an answer. @throws ZooKeeperError if it is a refusal */
  readonly read: (code: number, payload: unknown) => T
}

type Fail = (reason: ZooKeeperErrorReason, detail?: string) => void

/**
 * One session after the other: what is asked goes to the open one, or waits for it.
 *
 * Whether a session is alive is decided by when the requests were sent that servers have answered, not by when answers are
 * read: a process that was stopped for long finds its session lost before it believes an old answer.
 */
export class ZooKeeperSession {
  readonly #options: ZooKeeperClientOptions
  readonly #servers: readonly ZooKeeperServer[]
  readonly #chroot: string | undefined
  readonly #listeners = new Set<(event: ZooKeeperSessionEvent) => void>()
  readonly #waiting: WaitingCalls
  readonly #unconfirmed: MovingDeadline
  #state: SessionState = 'new'
  #connection: GuardedConnection | undefined
  #watches: WatchTable | undefined
  #confirmedAt = Number.NEGATIVE_INFINITY
  #refusedScheme: string | undefined
  #closing: Promise<void> | undefined

  /** @throws InvalidConnectStringError */
  constructor(options: ZooKeeperClientOptions) {
    this.#options = options
    const { servers, chroot } = parseConnectString(options.connectString)
    this.#servers = shuffled(servers, options.random)
    this.#chroot = chroot
    this.#waiting = new WaitingCalls(
      options.clock,
      options.connectionTimeoutMs,
      () => this.#connection?.lastFailure,
    )
    this.#unconfirmed = new MovingDeadline(options.clock, () => this.#onUnconfirmed())
  }

  get timeoutMs(): number {
    return this.#connection?.sessionTimeout ?? this.#options.sessionTimeoutMs
  }

  get id(): string | undefined {
    const isOpen = this.#state === 'connected' || this.#state === 'suspended'
    return isOpen && this.#connection !== undefined ? toHex(this.#connection.sessionId) : undefined
  }

  get safeUntil(): number | undefined {
    return this.id === undefined ? undefined : this.#confirmedAt + this.timeoutMs
  }

  get isConnected(): boolean {
    return this.#state === 'connected' && !this.#unconfirmed.isOver
  }

  onSession(listener: (event: ZooKeeperSessionEvent) => void): () => void {
    // A set would take the same function only once.
    const own = (event: ZooKeeperSessionEvent) => listener(event)
    this.#listeners.add(own)
    if (this.#state === 'connected') own({ type: 'connected', sessionId: this.id! })
    else if (this.#state === 'auth-failed') {
      own({ type: 'auth-failed', scheme: this.#refusedScheme! })
    }
    return () => void this.#listeners.delete(own)
  }

  start(): void {
    this.#become('started')
    this.#connect()
  }

  call<T>(request: SessionRequest<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail: Fail = (reason, detail) =>
        reject(
          new ZooKeeperError({
            reason,
            operation: request.operation,
            ...(request.path === undefined ? {} : { path: request.path }),
            ...(detail === undefined ? {} : { detail }),
          }),
        )
      const send = () => this.#send(request, resolve, reject, fail)
      if (this.#chroot !== undefined) request.payload.setChrootPath(this.#chroot)
      const bytes = HEADER_BYTES + request.payload.byteLength()
      if (bytes > MAX_REQUEST_BYTES) {
        fail(
          'bad-arguments',
          `the request has ${bytes} bytes, and servers take ${MAX_REQUEST_BYTES}: put large values elsewhere`,
        )
        return
      }
      if (this.#state === 'closed') fail('closed')
      else if (this.#state === 'auth-failed') fail('auth-failed', this.#refusal())
      else if (this.#state === 'connected') send()
      else this.#waiting.add({ send, fail })
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  #connect(): void {
    const { sessionTimeoutMs, connectionTimeoutMs, authorization = [] } = this.#options
    const { clock, random, log } = this.#options
    this.#confirmedAt = Number.NEGATIVE_INFINITY
    this.#connection = new GuardedConnection(
      {
        servers: this.#servers,
        chroot: this.#chroot,
        sessionTimeoutMs,
        connectionTimeoutMs,
        authorization,
        clock,
        random,
        log,
      },
      {
        ready: () => this.#onReady(),
        confirmed: (at) => this.#onConfirmed(at),
        disconnected: () => this.#onDisconnected(),
        expired: () => this.#onExpired(),
        authFailed: (scheme) => this.#onAuthFailed(scheme),
      },
    )
    this.#watches = new WatchTable(this.#connection)
    this.#connection.connect()
  }

  #send<T>(
    request: SessionRequest<T>,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
    fail: Fail,
  ): void {
    const connection = this.#connection
    const watches = this.#watches
    assert(connection !== undefined && watches !== undefined)
    connection.send(request.type, request.payload, (answer) => {
      if (answer === undefined) return fail('connection-loss', connection.lastFailure)
      try {
        const value = request.read(answer.code, answer.payload)
        const { watch, path } = request
        if (watch !== undefined && path !== undefined) {
          watches.add(answer.code === NO_NODE ? 'existence' : watch.kind, path, watch.watcher)
        }
        resolve(value)
      } catch (error) {
        reject(error)
      }
    })
  }

  #onReady(): void {
    const isFirst = this.#state === 'opening'
    this.#become('ready')
    this.#tell({
      type: isFirst ? 'connected' : 'reconnected',
      sessionId: this.id!,
    })
    this.#waiting.sendAll()
  }

  #onConfirmed(at: number): void {
    if (this.#state === 'ending' || this.#state === 'closed') return
    if (this.#unconfirmed.isOver) {
      this.#onUnconfirmed()
      return
    }
    this.#confirmedAt = Math.max(this.#confirmedAt, at)
    this.#unconfirmed.set(this.#confirmedAt + this.timeoutMs)
  }

  #onDisconnected(): void {
    const wasConnected = this.#state === 'connected'
    this.#become('disconnected')
    if (wasConnected) this.#tell({ type: 'suspended' })
  }

  /** Servers may still have the session, and its ephemeral nodes: nothing new begins before it is ended there. */
  #onUnconfirmed(): void {
    this.#become('unconfirmed')
    this.#onLost()
    this.#connection?.end(() => {
      this.#become('ended')
      this.#connect()
    })
  }

  #onExpired(): void {
    const hadSession = this.#state !== 'opening'
    this.#become('expired')
    if (hadSession) this.#onLost()
    this.#connect()
  }

  #onLost(): void {
    this.#watches?.end()
    this.#unconfirmed.cancel()
    this.#tell({ type: 'lost' })
    // Made for the session that is lost; another one may have other holders of what they are about.
    this.#waiting.failAll('session-expired')
  }

  #onAuthFailed(scheme: string): void {
    this.#refusedScheme = scheme
    this.#become('auth-refused')
    this.#watches?.end()
    this.#unconfirmed.cancel()
    this.#tell({ type: 'auth-failed', scheme })
    this.#waiting.failAll('auth-failed', this.#refusal())
  }

  #refusal(): string {
    return `the servers refuse the credentials of scheme '${this.#refusedScheme}'`
  }

  async #close(): Promise<void> {
    const before = this.#state
    this.#become('closed')
    this.#watches?.end()
    this.#unconfirmed.cancel()
    this.#waiting.failAll('closed')
    const connection = this.#connection
    if (connection === undefined) return
    if (before === 'connected' || before === 'suspended' || before === 'ending') {
      const longest = before === 'connected' ? CLOSE_CONNECTED_MS : CLOSE_SUSPENDED_MS
      const limit = Math.min(longest, this.#options.connectionTimeoutMs)
      await new Promise<void>((resolve) => {
        const cancel = this.#options.clock.schedule(limit, resolve)
        connection.end(() => {
          cancel()
          resolve()
        })
      })
    }
    connection.destroy()
  }

  #become(input: SessionInput): void {
    const from = this.#state
    const to = SESSION_TRANSITIONS[from][input]
    assert(to !== undefined, `A ZooKeeper session that is ${from} cannot be ${input}`)
    if (to === from) return
    this.#state = to
    const connection = this.#connection
    this.#options.log.info('ZooKeeper session', {
      ...(connection === undefined ? {} : { sessionId: toHex(connection.sessionId) }),
      from,
      to,
      input,
      ...(to === 'suspended' ? { because: connection?.lastFailure } : {}),
    })
  }

  /** In the order of what happens, and outside of the socket's event. */
  #tell(event: ZooKeeperSessionEvent): void {
    for (const listener of this.#listeners) {
      queueMicrotask(() => {
        if (this.#listeners.has(listener)) listener(event)
      })
    }
  }
}
