import type { LibraryEvent } from 'node-zookeeper-client/lib/ConnectionManager.js'
import type { GuardedConnection } from '../library/guarded-connection.js'
import type { ZooKeeperWatchEvent, ZooKeeperWatcher } from '../zookeeper-client.js'

export type WatchKind = 'data' | 'children' | 'existence'

const EVENTS: Readonly<Record<number, ZooKeeperWatchEvent['type']>> = {
  1: 'created',
  2: 'deleted',
  3: 'data-changed',
  4: 'children-changed',
}

/** Who watches what in one session. The library is given one watcher of a kind for a path: it is slow with many, and warns. */
export class WatchTable {
  readonly #watchers = new Map<string, ZooKeeperWatcher[]>()
  readonly #connection: GuardedConnection
  #isOver = false

  constructor(connection: GuardedConnection) {
    this.#connection = connection
  }

  add(kind: WatchKind, path: string, watcher: ZooKeeperWatcher): void {
    if (this.#isOver) return
    const key = `${kind} ${path}`
    const there = this.#watchers.get(key)
    if (there !== undefined) {
      there.push(watcher)
      return
    }
    this.#watchers.set(key, [watcher])
    const told = ({ type }: LibraryEvent) => this.#tell(key, { type: EVENTS[type]!, path })
    if (kind === 'children') this.#connection.registerChildWatcher(path, told)
    else if (kind === 'existence') this.#connection.registerExistenceWatcher(path, told)
    else this.#connection.registerDataWatcher(path, told)
  }

  /** The session is over: nobody is told anything any more, also not of what has happened. */
  end(): void {
    this.#isOver = true
    this.#watchers.clear()
  }

  #tell(key: string, event: ZooKeeperWatchEvent): void {
    const watchers = this.#watchers.get(key) ?? []
    this.#watchers.delete(key)
    for (const watcher of watchers) {
      // Not inside of the socket's event: what a watcher throws is not the connection's fault.
      queueMicrotask(() => {
        if (!this.#isOver) watcher(event)
      })
    }
  }
}
