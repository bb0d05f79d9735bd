import type { CancelTimer, Clock, Logger } from '@flink-ts/core'
import { type MainThreadExecutor, RecipientUnreachableError } from '@flink-ts/rpc'
import { HeartbeatMonitor } from './heartbeat-monitor.js'
import type { HeartbeatSettings } from './heartbeat-settings.js'

export interface HeartbeatSenderOptions<P> {
  readonly mainThread: MainThreadExecutor
  readonly clock: Clock
  readonly log: Logger
  readonly settings: HeartbeatSettings
  /** A peer answered; in the main thread. */
  readonly onHeartbeat: (peerId: string, payload: P) => void
  /** In the main thread; the peer is not watched any more then. */
  readonly onLost: (peerId: string, state: 'TIMEOUT' | 'UNREACHABLE') => void
}

/** Asks one peer for a heartbeat; `timeoutMs` belongs into its call options. */
export type RequestHeartbeat<P> = (timeoutMs: number) => Promise<P>

interface Peer<P> {
  readonly monitor: HeartbeatMonitor
  readonly request: RequestHeartbeat<P>
}

/**
 * The side that asks for heartbeats: all peers at each interval, and notices those that do not answer.
 * What they send along (`P`) goes to `onHeartbeat`. A lost request does not hold up the next one.
 */
export class HeartbeatSender<P> {
  readonly #options: HeartbeatSenderOptions<P>
  readonly #peers = new Map<string, Peer<P>>()
  #cancelTimer: CancelTimer | undefined

  constructor(options: HeartbeatSenderOptions<P>) {
    this.#options = options
  }

  /** Asks `peerId` at the next interval and from then on; replaces what was known of it. */
  monitorPeer(peerId: string, request: RequestHeartbeat<P>): void {
    this.unmonitorPeer(peerId)
    const monitor = new HeartbeatMonitor({
      ...this.#options,
      onLost: (state) => {
        this.#remove(peerId)
        this.#options.onLost(peerId, state)
      },
    })
    this.#peers.set(peerId, { monitor, request })
    this.#cancelTimer ??= this.#scheduleRound()
  }

  /** Idempotent. */
  unmonitorPeer(peerId: string): void {
    this.#peers.get(peerId)?.monitor.cancel()
    this.#remove(peerId)
  }

  /** Asks `peerId` now, beside the regular rounds. Unknown peers are ignored. */
  requestHeartbeat(peerId: string): void {
    const peer = this.#peers.get(peerId)
    if (peer !== undefined) this.#ask(peerId, peer)
  }

  /** Any other message of `peerId` counts as well. Unknown peers are ignored. */
  receiveHeartbeat(peerId: string): void {
    this.#peers.get(peerId)?.monitor.reportHeartbeat()
  }

  /** Milliseconds since the epoch; undefined for a peer that is not watched. */
  lastHeartbeatMs(peerId: string): number | undefined {
    return this.#peers.get(peerId)?.monitor.lastHeartbeatMs
  }

  close(): void {
    for (const peerId of [...this.#peers.keys()]) this.unmonitorPeer(peerId)
  }

  #remove(peerId: string): void {
    this.#peers.delete(peerId)
    if (this.#peers.size > 0) return
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  #scheduleRound(): CancelTimer {
    const { mainThread, settings } = this.#options
    return mainThread.schedule(settings.intervalMs, () => {
      this.#cancelTimer = this.#scheduleRound()
      for (const [peerId, peer] of this.#peers) this.#ask(peerId, peer)
    })
  }

  #ask(peerId: string, peer: Peer<P>): void {
    const { mainThread, settings, onHeartbeat, log } = this.#options
    peer.request(settings.timeoutMs).then(
      (payload) =>
        mainThread.execute(() => {
          if (peer.monitor.state !== 'RUNNING') return
          peer.monitor.reportHeartbeat()
          onHeartbeat(peerId, payload)
        }),
      (error) =>
        mainThread.execute(() => {
          log.debug('Heartbeat request failed', { peerId, error })
          if (error instanceof RecipientUnreachableError) peer.monitor.reportUnreachable()
        }),
    )
  }
}
