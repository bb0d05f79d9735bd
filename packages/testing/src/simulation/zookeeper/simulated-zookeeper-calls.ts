import type { CancelTimer } from '@flink-ts/core'
import {
  ZooKeeperError,
  type ZooKeeperErrorReason,
  type ZooKeeperOperation,
} from '@flink-ts/zookeeper-client'
import type { SimulatedTimers } from './simulated-timers.js'
import type { SimulatedZooKeeperServers } from './simulated-zookeeper-servers.js'
import type { SimulatedZooKeeperSession } from './simulated-zookeeper-session.js'
import type { ZooKeeperConnection } from './zookeeper-connection.js'
import type { ZooKeeperObserver } from './zookeeper-observer.js'

/** Something that a client asks of the servers. */
export interface SimulatedZooKeeperCall {
  readonly operation: string
  /** The session in which it was made; undefined: whichever comes. */
  readonly sessionId: string | undefined
  readonly send: () => void
  readonly reject: (error: unknown) => void
}

/** What a call does beside its answer. */
export interface CallEffects<T> {
  /** To nodes. */
  readonly changes?: readonly ZooKeeperOperation[]
  /** Runs at the client, right before the caller hears. */
  readonly onAnswer?: (value: T) => void
}

/** How a call reaches the servers. */
export interface CallRoute {
  /** Undefined: the process has died meanwhile. */
  readonly target: () =>
    | { readonly connection: ZooKeeperConnection; readonly sessionId: string }
    | undefined
  readonly onAnswered: (zxid: number) => void
  /** The servers have no such session on this connection. */
  readonly onRefused: (connection: ZooKeeperConnection) => void
}

export interface SimulatedZooKeeperCallsOptions {
  /** Of the client. */
  readonly name: string
  readonly servers: SimulatedZooKeeperServers
  readonly observer?: ZooKeeperObserver
  readonly timers: SimulatedTimers
}

/** The calls of a client that have not ended: those that wait for a session, and those under way. */
export class SimulatedZooKeeperCalls {
  readonly #options: SimulatedZooKeeperCallsOptions
  readonly #waiting = new Map<SimulatedZooKeeperCall, CancelTimer>()
  readonly #inFlight = new Set<SimulatedZooKeeperCall>()

  constructor(options: SimulatedZooKeeperCallsOptions) {
    this.#options = options
  }

  /** Keeps a call until there is a session, for so long at most. */
  wait(call: SimulatedZooKeeperCall, timeoutMs: number): void {
    const cancel = this.#options.timers.later(timeoutMs, () => {
      this.#waiting.delete(call)
      call.reject(errorOf(call, 'operation-timeout'))
    })
    this.#waiting.set(call, cancel)
  }

  /** There is a session. */
  sendWaiting(isConnected: () => boolean): void {
    for (const [call, cancel] of [...this.#waiting]) {
      if (!isConnected()) return
      this.#waiting.delete(call)
      cancel()
      call.send()
    }
  }

  send<T>(
    call: SimulatedZooKeeperCall,
    run: (session: SimulatedZooKeeperSession) => T,
    resolve: (value: T) => void,
    { changes, onAnswer, target, onAnswered, onRefused }: CallEffects<T> & CallRoute,
  ): void {
    const { name, observer, servers } = this.#options
    if (changes !== undefined) observer?.onSend?.(name, changes)
    const found = target()
    if (found === undefined) return
    const { connection, sessionId } = found
    this.#inFlight.add(call)
    connection.send('toServers', () => {
      let answer: () => void
      try {
        const response = servers.request(sessionId, connection, run)
        if (response === undefined) {
          onRefused(connection)
          return
        }
        const { value, zxid } = response
        if (changes !== undefined) observer?.onCommitted?.(name, changes)
        answer = () => {
          onAnswered(zxid)
          onAnswer?.(value)
          resolve(value)
        }
      } catch (error) {
        answer = () => call.reject(error)
      }
      connection.send('toClient', () => {
        this.#inFlight.delete(call)
        answer()
      })
    })
  }

  /** Nobody knows what has become of what was under way. */
  failInFlight(): void {
    const calls = [...this.#inFlight]
    this.#inFlight.clear()
    for (const call of calls) call.reject(errorOf(call, 'connection-loss'))
  }

  rejectWaiting(
    reason: ZooKeeperErrorReason,
    which: (call: SimulatedZooKeeperCall) => boolean = () => true,
  ): void {
    for (const [call, cancel] of [...this.#waiting].filter(([call]) => which(call))) {
      this.#waiting.delete(call)
      cancel()
      call.reject(errorOf(call, reason))
    }
  }
}

export function errorOf(
  { operation }: SimulatedZooKeeperCall,
  reason: ZooKeeperErrorReason,
): ZooKeeperError {
  return new ZooKeeperError({ reason, operation })
}
