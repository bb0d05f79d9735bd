import { connect } from 'node:net'
import type { CancelTimer } from '@flink-ts/core'
import ConnectionManager from 'node-zookeeper-client/lib/ConnectionManager.js'
import jute, { type JuteRecord } from 'node-zookeeper-client/lib/jute/index.js'
import { MovingDeadline } from '../session/moving-deadline.js'
import type { Answer, ConnectionListener, GuardedConnectionOptions } from './connection-listener.js'
import { FrameSplitter } from './frame-splitter.js'
import { isKnownWatchEvent, keepZxid, readReplyHeader, replaceCode } from './reply-frame.js'

const { STATES } = ConnectionManager
/** From this on pauses between rounds through the servers do not grow. */
const MAX_PAUSE_MS = 1_000
const FIRST_PAUSE_MS = 50
/** The same while a session waits to be resumed, as a part of its timeout: servers that elect a leader are missed for no longer. */
const MAX_PAUSE_OF_SESSION = 1 / 10
/** Parts of the session timeout: how often servers are to confirm it, and for how long one may say nothing. */
const PING_EVERY = 1 / 6
const LONGEST_SILENCE = 1 / 2
/** Whoever takes a session and drops it sooner than this counts as a failure, so that it is not asked in a tight loop. */
const STABLE_MS = 1_000

/**
 * The library's connection of one session, with guards: opening takes its time at most, silence ends a connection, frames
 * stay whole, nothing that a server says throws out of the socket, credentials and watches go before everything else, and
 * nothing of a broken connection is sent on the next.
 */
export class GuardedConnection extends ConnectionManager {
  readonly #options: GuardedConnectionOptions
  readonly #listener: ConnectionListener
  readonly #silence: MovingDeadline
  readonly #unanswered = new Set<{ at: number; answer: (answer: Answer) => void }>()
  #frames = new FrameSplitter()
  #pings: number[] = []
  #nextServer = 0
  #serverName = ''
  #failures = 0
  #lastFailure: string | undefined
  /** Why the connection that is about to close does. */
  #problem: string | undefined
  /** Failures that were logged since there was a session. */
  readonly #logged = new Set<string>()
  #cancelAttempt: CancelTimer = () => {}
  #cancelHandshake: CancelTimer = () => {}
  #cancelPing: CancelTimer = () => {}
  /** When the session was asked for on this connection. */
  #askedAt = 0
  #readyAt: number | undefined
  #awaitedAuthorizations = 0
  /** Code of the reply that the library is just being given. */
  #code: number | undefined
  #ended: (() => void) | undefined
  #isOver = false

  constructor(options: GuardedConnectionOptions, listener: ConnectionListener) {
    // The library's way of reading hosts is not used: it knows no IPv6 and shuffles by chances of its own.
    const settings = { sessionTimeout: options.sessionTimeoutMs, spinDelay: 0 }
    super(`replaced${options.chroot ?? ''}`, settings, () => {})
    this.#options = options
    this.#listener = listener
    this.servers = options.servers
    this.#silence = new MovingDeadline(options.clock, () => this.#drop('no answer for too long'))
    for (const { scheme, auth } of options.authorization) {
      this.addAuthInfo(scheme, Buffer.from(auth))
    }
    this.on('state', (state: number) => this.#onState(state))
  }

  /** Why there is no session, as far as it is known. */
  get lastFailure(): string | undefined {
    return this.#lastFailure
  }

  /** Sends a request; only between `ready` and `disconnected`. `answer` is called exactly once. */
  send(type: number, payload: JuteRecord | null, answer: (answer: Answer) => void): void {
    const sent = { at: this.#now(), answer }
    this.#unanswered.add(sent)
    this.queue(new jute.Request(new jute.protocol.RequestHeader(0, type), payload), (_, reply) => {
      const code = this.#code
      if (code === undefined || !this.#unanswered.delete(sent)) return
      this.#listener.confirmed(sent.at)
      answer({ code, payload: reply?.payload })
    })
  }

  /** Nothing is told by watches that were set. */
  forgetWatches(): void {
    Object.assign(this.watcherManager, {
      dataWatchers: {},
      childWatchers: {},
      existenceWatchers: {},
    })
  }

  /** Ends the session as soon as a server answers, then calls `ended`; nothing else is told any more. */
  end(ended: () => void): void {
    if (this.#isOver) {
      ended()
      return
    }
    this.#ended = () => {
      this.destroy()
      ended()
    }
    this.forgetWatches()
    if (this.#readyAt !== undefined) this.#sendEnd()
  }

  /** Lets go of everything at once; the session stays until the servers let it expire. */
  destroy(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancelAttempt()
    this.#release()
    this.state = STATES.CLOSED
    this.socket?.destroy()
    this.#failUnanswered()
  }

  override connect(): void {
    this.setState(STATES.CONNECTING)
    const rounds = Math.floor(this.#failures / this.servers.length)
    const isNewRound = this.#failures > 0 && this.#failures % this.servers.length === 0
    const longest = Math.min(this.#maxPauseMs, FIRST_PAUSE_MS * 2 ** Math.min(rounds, 10))
    const pause = isNewRound ? longest * (0.5 + this.#options.random.next() / 2) : 0
    this.#cancelAttempt = this.#options.clock.schedule(pause, () => this.#open())
  }

  get #maxPauseMs(): number {
    const hasSession = this.sessionId.some((byte) => byte !== 0)
    if (!hasSession || this.#ended !== undefined) return MAX_PAUSE_MS
    const ofSession = this.sessionTimeout * MAX_PAUSE_OF_SESSION
    return Math.min(MAX_PAUSE_MS, Math.max(FIRST_PAUSE_MS, ofSession))
  }

  #open(): void {
    const server = this.servers[this.#nextServer++ % this.servers.length]!
    this.#serverName = `${server.host}:${server.port}`
    const limit = Math.min(
      this.#options.connectionTimeoutMs,
      Math.max(1, Math.floor(this.sessionTimeout / this.servers.length)),
    )
    this.#problem = undefined
    const socket = connect(server)
    this.socket = socket
    socket.setNoDelay()
    socket.on('connect', () => this.onSocketConnected())
    socket.on('data', (chunk) => this.onSocketData(chunk))
    socket.on('drain', () => this.onSocketDrain())
    socket.on('error', (error) => {
      // Of a name with several addresses the error has a code, and no message.
      this.#problem ??= error.message || (error as NodeJS.ErrnoException).code || error.name
    })
    socket.on('close', () => this.onSocketClosed())
    this.#cancelHandshake = this.#options.clock.schedule(limit, () =>
      this.#drop(`has not opened a session within ${limit} ms`),
    )
  }

  override onSocketConnected(): void {
    this.#askedAt = this.#now()
    super.onSocketConnected()
  }

  /** Whole frames for the library, one by one. */
  override onSocketData(chunk: Buffer): void {
    const { socket } = this
    if (this.#readyAt !== undefined) this.#heard()
    try {
      for (const frame of this.#frames.push(chunk)) {
        if (this.#isOver || socket?.destroyed) return
        this.#onFrame(frame)
      }
    } catch (error) {
      // What the library cannot read, or refuses by an exception: nothing behind it can be understood, either.
      this.#drop('said what cannot be read', error)
    }
  }

  #onFrame(frame: Buffer): void {
    if (this.state === STATES.CONNECTING) {
      super.onSocketData(frame)
      return
    }
    const { xid, code } = readReplyHeader(frame)
    if (xid === jute.XID_PING) this.#listener.confirmed(this.#pings.shift() ?? this.#askedAt)
    else if (xid === jute.XID_AUTHENTICATION) this.#onAuthorized(code)
    else if (xid !== jute.XID_NOTIFICATION) this.#onReply(frame, code)
    else if (isKnownWatchEvent(frame)) super.onSocketData(frame)
    else this.#options.log.warn('A ZooKeeper server told what this client does not know of a watch')
  }

  #onReply(frame: Buffer, code: number): void {
    if (code !== 0) {
      const isWatches = this.pendingQueue[0]?.request.header?.type === jute.OP_CODES.SET_WATCHES
      if (isWatches) this.#drop(`does not take watches (code ${code})`)
    }
    this.#code = code
    try {
      keepZxid(frame, this.zxid)
      // The library throws at codes that it does not know, so it is shown one that it does.
      super.onSocketData(code === 0 ? frame : replaceCode(frame))
    } finally {
      this.#code = undefined
    }
  }

  /** The library sends nothing while servers talk, and its sockets stay as they are when nobody answers: {@link #ping} instead. */
  override onSocketTimeout(): void {}

  override onSocketClosed(): void {
    if (this.#isOver) return
    const isStable = this.#readyAt !== undefined && this.#now() - this.#readyAt >= STABLE_MS
    this.#failures = isStable ? 0 : this.#failures + 1
    this.#onFailure()
    this.#release()
    // Else all of that goes to the next server, too.
    this.packetQueue.queue = []
    this.pendingQueue = []
    this.pendingBuffer = null
    this.#frames = new FrameSplitter()
    this.state = STATES.DISCONNECTED
    if (this.#ended === undefined) this.#listener.disconnected()
    this.#failUnanswered()
    this.connect()
  }

  #onState(state: number): void {
    if (state === STATES.CONNECTED) {
      this.#awaitedAuthorizations = this.#options.authorization.length
      if (this.#awaitedAuthorizations === 0) this.#onReady()
    } else if (state === STATES.SESSION_EXPIRED) {
      this.destroy()
      this.#tell(() => this.#listener.expired())
    }
  }

  #onAuthorized(code: number): void {
    const { authorization } = this.#options
    const index = authorization.length - this.#awaitedAuthorizations
    if (code !== 0) {
      this.destroy()
      this.#tell(() => this.#listener.authFailed(authorization[index]?.scheme ?? '?'))
      return
    }
    this.#awaitedAuthorizations--
    if (this.#awaitedAuthorizations === 0) this.#onReady()
  }

  #onReady(): void {
    this.#cancelHandshake()
    this.#listener.confirmed(this.#askedAt)
    this.#readyAt = this.#now()
    this.#lastFailure = undefined
    this.#logged.clear()
    this.#heard()
    this.#ping()
    if (this.#ended === undefined) this.#listener.ready()
    else this.#sendEnd()
  }

  #sendEnd(): void {
    this.send(jute.OP_CODES.CLOSE_SESSION, null, (answer) => {
      if (answer !== undefined) this.#ended?.()
    })
  }

  /** Whoever ends the session is told that it has ended, and nothing else. */
  #tell(otherwise: () => void): void {
    if (this.#ended === undefined) otherwise()
    else this.#ended()
  }

  #ping(): void {
    this.#cancelPing = this.#options.clock.schedule(this.sessionTimeout * PING_EVERY, () => {
      const [oldest] = this.#unanswered
      if (oldest !== undefined && this.#now() - oldest.at > this.sessionTimeout) {
        this.#drop('answers, but not what it was asked')
        return
      }
      this.#pings.push(this.#now())
      this.queue(
        new jute.Request(new jute.protocol.RequestHeader(jute.XID_PING, jute.OP_CODES.PING), null),
      )
      this.#ping()
    })
  }

  #heard(): void {
    this.#silence.set(this.#now() + this.sessionTimeout * LONGEST_SILENCE)
  }

  /** Ends the connection, not the session: another server is tried. */
  #drop(problem: string, cause?: unknown): void {
    this.#problem ??= cause instanceof Error ? `${problem} (${cause.message})` : problem
    this.socket?.destroy()
  }

  #onFailure(): void {
    this.#lastFailure = `${this.#serverName}: ${this.#problem ?? 'closed the connection'}`
    if (this.#logged.has(this.#lastFailure)) return
    this.#logged.add(this.#lastFailure)
    const { log } = this.#options
    const fields = { reason: this.#lastFailure }
    // Some servers close before they answer that the session has ended.
    if (this.#ended === undefined) log.warn('No connection with a ZooKeeper server', fields)
    else log.debug('The connection is gone while the session is being ended', fields)
  }

  #release(): void {
    this.#cancelHandshake()
    this.#cancelPing()
    this.#silence.cancel()
    this.#readyAt = undefined
    this.#pings = []
  }

  #failUnanswered(): void {
    const unanswered = [...this.#unanswered]
    this.#unanswered.clear()
    for (const { answer } of unanswered) answer(undefined)
  }

  #now(): number {
    return this.#options.clock.monotonicNow()
  }
}
