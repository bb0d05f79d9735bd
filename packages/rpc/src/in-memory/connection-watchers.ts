import type { NetworkNode } from './rpc-network.js'

export interface ConnectionWatcher {
  readonly from: NetworkNode
  readonly to: string
  readonly listener: (reason: Error) => void
}

/** Who wants to hear of lost connections, by the address that they watch. */
export class ConnectionWatchers {
  readonly #byAddress = new Map<string, Set<ConnectionWatcher>>()

  /** @returns a function that removes it again. */
  add(watcher: ConnectionWatcher): () => void {
    const watchers = this.#byAddress.get(watcher.to) ?? new Set()
    this.#byAddress.set(watcher.to, watchers)
    watchers.add(watcher)
    return () => {
      watchers.delete(watcher)
      if (watchers.size === 0 && this.#byAddress.get(watcher.to) === watchers) {
        this.#byAddress.delete(watcher.to)
      }
    }
  }

  has(watcher: ConnectionWatcher): boolean {
    return this.#byAddress.get(watcher.to)?.has(watcher) ?? false
  }

  /** In the order in which they began to watch. */
  of(address: string): ConnectionWatcher[] {
    return [...(this.#byAddress.get(address) ?? [])]
  }
}
