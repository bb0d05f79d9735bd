import assert from 'node:assert/strict'
import type { CancelTimer, Clock, Logger } from '@flink-ts/core'

/** How the framework stands with the master. */
export type ConnectionState = 'STOPPED' | 'CONNECTING' | 'CONNECTED'

/** Which state may follow which. */
export const CONNECTION_TRANSITIONS: Readonly<Record<ConnectionState, readonly ConnectionState[]>> =
  {
    STOPPED: ['CONNECTING'],
    CONNECTING: ['CONNECTED', 'STOPPED'],
    CONNECTED: ['CONNECTING', 'STOPPED'],
  }

/** Between two warnings: at first, and at most. */
const FIRST_PAUSE_MS = 5_000
const MAX_PAUSE_MS = 60_000

export interface ConnectionMonitorOptions {
  readonly clock: Clock
  readonly log: Logger
  /** For the person who watches the console. */
  readonly tell: (line: string) => void
  /** Whoever waits for a TaskManager may know. @param why undefined: it is over */
  readonly onTrouble?: (why: string | undefined) => void
}

/** Says after 5 seconds, and then less and less often, that there is no master, and why, for as long as there is none. */
export class ConnectionMonitor {
  readonly #options: ConnectionMonitorOptions
  #state: ConnectionState = 'STOPPED'
  #reason = 'no master has answered yet'
  #sinceMs = 0
  #cancelTimer: CancelTimer | undefined
  /** The framework that the person was told of, and of no trouble since. */
  #told: string | undefined

  constructor(options: ConnectionMonitorOptions) {
    this.#options = options
  }

  get state(): ConnectionState {
    return this.#state
  }

  connecting(reason?: string): void {
    if (reason !== undefined) this.#reason = reason
    this.#to('CONNECTING')
    this.#sinceMs = this.#options.clock.monotonicNow()
    this.#warnLater(FIRST_PAUSE_MS)
  }

  /** Why there is still none. */
  attemptFailed(reason: string): void {
    this.#reason = reason
  }

  connected(frameworkId: string, master: string): void {
    this.#to('CONNECTED')
    this.#options.onTrouble?.(undefined)
    this.#options.log.info('The framework is subscribed', { frameworkId, master })
    if (this.#told === frameworkId) return
    this.#told = frameworkId
    this.#options.tell(`Registered with Mesos at ${master} as framework ${frameworkId}`)
  }

  /** Idempotent. */
  stop(): void {
    if (this.#state !== 'STOPPED') this.#to('STOPPED')
  }

  #to(state: ConnectionState): void {
    const from = this.#state
    assert(CONNECTION_TRANSITIONS[from].includes(state), `connection: ${from} -> ${state}`)
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#state = state
    this.#options.log.debug('Connection changed', { from, to: state })
  }

  #warnLater(pauseMs: number): void {
    const { clock, log, tell, onTrouble } = this.#options
    this.#cancelTimer = clock.schedule(pauseMs, () => {
      const forMs = Math.round(clock.monotonicNow() - this.#sinceMs)
      log.warn('There is no connection with a master of Mesos', { forMs, why: this.#reason })
      this.#told = undefined
      onTrouble?.(`there is no connection with a master of Mesos: ${this.#reason}`)
      tell(
        `No connection with a master of Mesos for ${Math.round(forMs / 1000)} s: ${this.#reason}`,
      )
      this.#warnLater(Math.min(MAX_PAUSE_MS, 2 * pauseMs))
    })
  }
}
