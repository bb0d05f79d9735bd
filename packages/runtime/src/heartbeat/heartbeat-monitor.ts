import assert from 'node:assert/strict'
import type { CancelTimer, Clock } from '@flink-ts/core'
import type { MainThreadExecutor } from '@flink-ts/rpc'
import type { HeartbeatSettings } from './heartbeat-settings.js'
import { HEARTBEAT_TRANSITIONS, type HeartbeatState } from './heartbeat-state.js'

export interface HeartbeatMonitorOptions {
  readonly mainThread: MainThreadExecutor
  readonly clock: Clock
  readonly settings: Pick<HeartbeatSettings, 'timeoutMs' | 'rpcFailureThreshold'>
  /** Called at most once, in the main thread, and never after {@link HeartbeatMonitor.cancel}. */
  readonly onLost: (state: 'TIMEOUT' | 'UNREACHABLE') => void
}

/** Watches one peer: lost when it is silent for too long, or when calls find nobody there. */
export class HeartbeatMonitor {
  readonly #options: HeartbeatMonitorOptions
  #state: HeartbeatState = 'RUNNING'
  #lastHeartbeat: number
  #lastHeartbeatWallMs: number
  #failures = 0
  #cancelTimer: CancelTimer

  constructor(options: HeartbeatMonitorOptions) {
    this.#options = options
    this.#lastHeartbeat = options.clock.monotonicNow()
    this.#lastHeartbeatWallMs = options.clock.now()
    this.#cancelTimer = this.#armTimer(options.settings.timeoutMs)
  }

  get state(): HeartbeatState {
    return this.#state
  }

  /** When the peer was last heard of, in milliseconds since the epoch; at first, when the watch began. */
  get lastHeartbeatMs(): number {
    return this.#lastHeartbeatWallMs
  }

  /** The peer was heard of. */
  reportHeartbeat(): void {
    if (this.#state !== 'RUNNING') return
    this.#lastHeartbeat = this.#options.clock.monotonicNow()
    this.#lastHeartbeatWallMs = this.#options.clock.now()
    this.#failures = 0
  }

  /** A call found nobody there. */
  reportUnreachable(): void {
    if (this.#state !== 'RUNNING') return
    this.#failures++
    const threshold = this.#options.settings.rpcFailureThreshold
    if (threshold < 0 || this.#failures < threshold) return
    this.#transition('UNREACHABLE')
    this.#options.onLost('UNREACHABLE')
  }

  /** Ends the watch. Idempotent. */
  cancel(): void {
    if (this.#state === 'RUNNING') this.#transition('CANCELED')
  }

  #transition(to: HeartbeatState): void {
    assert(HEARTBEAT_TRANSITIONS[this.#state].includes(to), `heartbeat ${this.#state} -> ${to}`)
    this.#state = to
    this.#cancelTimer()
  }

  // The timer is not moved at each heartbeat: when it falls due it waits for what is left.
  #armTimer(delayMs: number): CancelTimer {
    return this.#options.mainThread.schedule(delayMs, () => {
      if (this.#state !== 'RUNNING') return
      const silentMs = this.#options.clock.monotonicNow() - this.#lastHeartbeat
      const leftMs = this.#options.settings.timeoutMs - silentMs
      if (leftMs > 0) {
        // In whole ms: less than the clock can tell apart would fall due at once, again and again.
        this.#cancelTimer = this.#armTimer(Math.ceil(leftMs))
        return
      }
      this.#transition('TIMEOUT')
      this.#options.onLost('TIMEOUT')
    })
  }
}
