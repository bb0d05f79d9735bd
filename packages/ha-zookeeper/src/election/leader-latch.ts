import assert from 'node:assert/strict'
import type { CancelTimer } from '@flink-ts/core'
import {
  childPath,
  type ZooKeeperSessionEvent,
  type ZooKeeperStat,
} from '@flink-ts/zookeeper-client'
import { latchQueue } from '../cluster-paths.js'
import { hasReason, isPassing } from '../coordination-reads.js'
import { ForeignDataError, ZooKeeperAccessError } from '../zookeeper-ha-errors.js'
import { checkLatchTransition, type LatchState } from './latch-state.js'
import type { LeaderLatchOptions } from './leader-latch-options.js'
import { removeIfThere, removeOwnNodes } from './own-nodes.js'

/** The first pause after what is no matter of the connection, such as a node that somebody has removed meanwhile. */
const SHORT_DELAY_MS = 100
/** The part of the session timeout that is left for the end of the term when a leader whose connection is cut gives up. */
const MARGIN = 1 / 6

/**
 * This process's place in the queue of contenders: an ephemeral sequential node. Whose node is the first leads; each of the
 * others watches the one before its own. Leadership that was given up is over for good: the node goes, and a new one is made
 * at the end of the queue.
 */
export class LeaderLatch {
  readonly #options: LeaderLatchOptions
  readonly #unsubscribe: () => void
  #state: LatchState = 'idle'
  /** One more whenever answers to what was asked before do not count any more. */
  #turn = 0
  #node: string | undefined
  /** Node that has a watcher of ours in this session. */
  #watched: string | undefined
  #delayMs = 0
  #isLastTerm = false
  #cancelRetry: CancelTimer | undefined

  constructor(options: LeaderLatchOptions) {
    this.#options = options
    this.#unsubscribe = options.zooKeeper.onSession((event) => this.#onSession(event))
  }

  get state(): LatchState {
    return this.#state
  }

  /** Takes part from now on. Called once. */
  join(): void {
    assert(this.#state === 'idle', 'a latch is joined once')
    if (this.#options.zooKeeper.isConnected) this.#join()
    else this.#to('away')
  }

  /** ZooKeeper has refused a change of the term: its node is gone. */
  termIsOver(latchPath: string): void {
    if (this.#state !== 'leading' || this.#node !== latchPath) return
    this.#join('the node of the term is gone')
  }

  /** Gives up leadership, if it has it, and queues again at the end. */
  giveUp(reason: string): void {
    if (this.#state === 'leading') this.#leave(reason)
  }

  /** Keeps the leadership that it has, and takes no part any more when that is over; at once if it has none. Idempotent. */
  stopContending(): void {
    this.#isLastTerm = true
    if (this.#state !== 'leading') this.close()
  }

  /** Takes no part any more. The node goes with the session, unless that goes on. Idempotent. */
  close(): void {
    if (this.#state === 'closed') return
    this.#to('closed')
    this.#unsubscribe()
  }

  /** Of this process, if it has one; kept after {@link close}. */
  get node(): string | undefined {
    return this.#node
  }

  #onSession(event: ZooKeeperSessionEvent): void {
    if (this.#state === 'closed' || this.#state === 'idle') return
    switch (event.type) {
      case 'connected':
        if (this.#state === 'away') this.#join()
        return
      case 'suspended':
        // Nobody knows any more what was about to be known.
        this.#interrupt()
        if (this.#state === 'leading' && !this.#options.tolerateSuspendedConnections) {
          this.#leaveUnlessReconnected()
        }
        return
      case 'reconnected':
        // Whoever joins while the connection is cut has a session all the same.
        if (this.#state === 'away') this.#join()
        else this.#resume()
        return
      case 'lost':
      case 'auth-failed':
        this.#node = undefined
        this.#watched = undefined
        if (this.#state !== 'away') this.#to('away', 'the session is over')
    }
  }

  /**
   * Another server mostly takes over before long, unless the servers have to elect a leader of their own first, and until the
   * session can be over nobody else can lead: as much of that time as possible is waited.
   */
  #leaveUnlessReconnected(): void {
    const { zooKeeper, clock } = this.#options
    const { sessionTimeoutMs, sessionSafeUntil = 0 } = zooKeeper
    const graceMs = sessionSafeUntil - sessionTimeoutMs * MARGIN - clock.monotonicNow()
    this.#cancelRetry = clock.schedule(Math.max(0, Math.floor(graceMs)), () => {
      this.#leave('the connection to ZooKeeper is cut')
    })
  }

  /** The same session goes on. */
  #resume(): void {
    this.#interrupt()
    if (this.#state === 'joining') this.#attempt(() => this.#makeNode())
    else if (this.#state === 'leaving') this.#attempt(() => this.#removeNode())
    else if (this.#state === 'queued') this.#attempt(() => this.#look())
    else if (this.#state === 'leading') this.#attempt(() => this.#checkNode())
  }

  #join(reason?: string): void {
    if (this.#isLastTerm) {
      this.close()
      return
    }
    this.#to('joining', reason)
    this.#attempt(() => this.#makeNode())
  }

  #leave(reason: string): void {
    this.#to('leaving', reason)
    this.#attempt(() => this.#removeNode())
  }

  #to(state: LatchState, reason?: string): void {
    const from = this.#state
    checkLatchTransition(from, state)
    this.#interrupt()
    this.#delayMs = 0
    this.#state = state
    this.#options.log.info('Leader latch changes its state', {
      node: this.#node,
      from,
      to: state,
      ...(reason !== undefined && { reason }),
    })
    if (from === 'leading') this.#options.onLost()
  }

  #interrupt(): void {
    this.#turn++
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
  }

  /** Runs one step of the present state, again and again until it succeeds or the state is another. */
  #attempt(step: () => Promise<void>): void {
    this.#interrupt()
    const turn = this.#turn
    step().catch((error) => {
      if (turn === this.#turn) this.#onFailure(error, step)
    })
  }

  #onFailure(error: unknown, step: () => Promise<void>): void {
    const { retry, clock, log, onFatalError } = this.#options
    if (hasReason(error, 'closed')) return
    if (hasReason(error, 'no-auth', 'auth-failed', 'invalid-acl')) {
      onFatalError(new ZooKeeperAccessError(`access to ${this.#options.paths.latch}`, error))
    } else if (error instanceof ForeignDataError) {
      onFatalError(error)
    }
    const first = isPassing(error) ? retry.initialDelayMs : SHORT_DELAY_MS
    this.#delayMs = Math.min(Math.max(2 * this.#delayMs, first), retry.maxDelayMs)
    log.warn('Could not take the next step in the election; trying again', {
      state: this.#state,
      error,
      retryInMs: this.#delayMs,
    })
    this.#cancelRetry = clock.schedule(this.#delayMs, () => this.#attempt(step))
  }

  async #makeNode(): Promise<void> {
    const { zooKeeper, paths, processUuid, contenderName } = this.#options
    const { prepare, hasEnded, removeLeftovers } = this.#options
    const turn = this.#turn
    await prepare()
    if (turn !== this.#turn) return
    const isOver = await hasEnded()
    if (turn !== this.#turn) return
    if (isOver) {
      this.close()
      return
    }
    await removeLeftovers()
    if (turn !== this.#turn) return
    const { children } = await zooKeeper.getChildren(paths.latch)
    if (turn !== this.#turn) return
    await removeOwnNodes(this.#options, children)
    if (turn !== this.#turn) return
    const node = await zooKeeper.create(
      paths.latchPrefix(processUuid),
      Buffer.from(contenderName),
      { ephemeral: true, sequential: true },
    )
    // Otherwise whoever makes the next node finds this one by its name.
    if (turn !== this.#turn) return
    this.#node = node
    this.#to('queued')
    this.#attempt(() => this.#look())
  }

  /** Whose turn is it? */
  async #look(): Promise<void> {
    const { zooKeeper, paths } = this.#options
    const turn = this.#turn
    const node = this.#node!
    const { children } = await zooKeeper.getChildren(paths.latch)
    if (turn !== this.#turn) return
    await removeOwnNodes(this.#options, children, node)
    if (turn !== this.#turn) return
    const queue = latchQueue(children).filter(
      ({ name, processUuid }) =>
        processUuid !== this.#options.processUuid || childPath(paths.latch, name) === node,
    )
    const place = queue.findIndex(({ name }) => childPath(paths.latch, name) === node)
    if (place < 0) {
      this.#join('somebody has removed the node')
      return
    }
    const stat = await this.#findOwnNode(node)
    if (turn !== this.#turn) return
    if (stat === undefined || stat.ephemeralOwner !== zooKeeper.sessionId) {
      this.#join('the node is not that of this session')
      return
    }
    const isOver = await this.#options.hasEnded(stat.czxid)
    if (turn !== this.#turn) return
    if (isOver) {
      this.close()
      return
    }
    if (place === 0) {
      this.#to('leading')
      const { czxid } = stat
      try {
        this.#options.onWon({ latchPath: node, czxid, sessionId: stat.ephemeralOwner! })
      } catch (error) {
        // A leader that has not begun must not stay one.
        this.#options.onFatalError(error as Error)
      }
      return
    }
    const before = childPath(paths.latch, queue[place - 1]!.name)
    const isThere = await zooKeeper.exists(before, () => {
      if (this.#state === 'queued' && this.#node === node) this.#attempt(() => this.#look())
    })
    if (turn === this.#turn && isThere === undefined) this.#attempt(() => this.#look())
  }

  /** With one watcher at a time, which tells when somebody has removed the node. */
  async #findOwnNode(node: string): Promise<ZooKeeperStat | undefined> {
    const { zooKeeper } = this.#options
    if (this.#watched === node) return zooKeeper.exists(node)
    this.#watched = node
    try {
      return await zooKeeper.exists(node, () => {
        if (this.#watched === node) this.#watched = undefined
        if (this.#node !== node) return
        if (this.#state === 'leading') this.#attempt(() => this.#checkNode())
        else if (this.#state === 'queued') this.#attempt(() => this.#look())
      })
    } catch (error) {
      if (this.#watched === node) this.#watched = undefined
      throw error
    }
  }

  /** Does this process lead still? */
  async #checkNode(): Promise<void> {
    const turn = this.#turn
    const node = this.#node!
    const stat = await this.#findOwnNode(node)
    if (turn !== this.#turn) return
    if (stat === undefined) this.#join('somebody has removed the node')
    // A leader ends its term in order.
    else await this.#options.hasEnded(stat.czxid)
  }

  async #removeNode(): Promise<void> {
    const { zooKeeper, removeLeftovers } = this.#options
    const turn = this.#turn
    await removeLeftovers()
    if (turn !== this.#turn) return
    await removeIfThere(zooKeeper, this.#node!)
    if (turn !== this.#turn) return
    this.#node = undefined
    this.#join()
  }
}
