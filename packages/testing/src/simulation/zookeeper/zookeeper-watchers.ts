import type {
  ZooKeeperStat,
  ZooKeeperWatchEvent,
  ZooKeeperWatcher,
} from '@flink-ts/zookeeper-client'

export type WatchKind = 'data' | 'exist' | 'children'

/** Whom a client tells of what it watches. */
export class ZooKeeperWatchers {
  readonly #byKind: Readonly<Record<WatchKind, Map<string, ZooKeeperWatcher[]>>> = {
    data: new Map(),
    exist: new Map(),
    children: new Map(),
  }

  add(kind: WatchKind, path: string, watcher: ZooKeeperWatcher | undefined): void {
    if (watcher === undefined) return
    const watchers = this.#byKind[kind].get(path) ?? []
    this.#byKind[kind].set(path, [...watchers, watcher])
  }

  /** Of a node that is there or is not. */
  addForNode(stat: ZooKeeperStat | undefined, path: string, watcher?: ZooKeeperWatcher): void {
    this.add(stat === undefined ? 'exist' : 'data', path, watcher)
  }

  paths(kind: WatchKind): string[] {
    return [...this.#byKind[kind].keys()]
  }

  tell(event: ZooKeeperWatchEvent): void {
    const kinds: WatchKind[] =
      event.type === 'children-changed'
        ? ['children']
        : event.type === 'deleted'
          ? ['data', 'exist', 'children']
          : ['data', 'exist']
    const watchers = kinds.flatMap((kind) => {
      const found = this.#byKind[kind].get(event.path) ?? []
      this.#byKind[kind].delete(event.path)
      return found
    })
    for (const watcher of watchers) watcher(event)
  }

  clear(): void {
    for (const watchers of Object.values(this.#byKind)) watchers.clear()
  }
}
