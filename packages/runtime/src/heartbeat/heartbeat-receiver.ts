import type { Clock } from '@flink-ts/core'
import type { MainThreadExecutor } from '@flink-ts/rpc'
import { HeartbeatMonitor } from './heartbeat-monitor.js'
import type { HeartbeatSettings } from './heartbeat-settings.js'

export interface HeartbeatReceiverOptions {
  readonly mainThread: MainThreadExecutor
  readonly clock: Clock
  readonly settings: HeartbeatSettings
  /** In the main thread; the peer is not watched any more then. */
  readonly onLost: (peerId: string) => void
}

/** The side that answers heartbeat requests: it notices peers that stop asking. */
export class HeartbeatReceiver {
  readonly #options: HeartbeatReceiverOptions
  readonly #monitors = new Map<string, HeartbeatMonitor>()

  constructor(options: HeartbeatReceiverOptions) {
    this.#options = options
  }

  /** Watches `peerId` from now on; again from the start if it was watched already. */
  monitorPeer(peerId: string): void {
    this.unmonitorPeer(peerId)
    const monitor = new HeartbeatMonitor({
      ...this.#options,
      onLost: () => {
        this.#monitors.delete(peerId)
        this.#options.onLost(peerId)
      },
    })
    this.#monitors.set(peerId, monitor)
  }

  /** Idempotent. */
  unmonitorPeer(peerId: string): void {
    this.#monitors.get(peerId)?.cancel()
    this.#monitors.delete(peerId)
  }

  /** `peerId` asked for a heartbeat. Unknown peers are ignored. */
  receiveHeartbeat(peerId: string): void {
    this.#monitors.get(peerId)?.reportHeartbeat()
  }

  close(): void {
    for (const peerId of [...this.#monitors.keys()]) this.unmonitorPeer(peerId)
  }
}
