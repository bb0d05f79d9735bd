import type {
  ZooKeeperClient,
  ZooKeeperSessionEvent,
  ZooKeeperWatcher,
} from '@flink-ts/zookeeper-client'
import { ZooKeeperError, type ZooKeeperErrorReason } from '@flink-ts/zookeeper-client'

type Question = 'getChildren' | 'getData' | 'exists'

/** As much of a ZooKeeper and its client as whoever reads needs; answers at the next turn. */
export class FakeZooKeeper {
  readonly nodes = new Map<string, string>()
  readonly asked: string[] = []
  /** Reasons why the next questions fail, each once. */
  readonly failures: ZooKeeperErrorReason[] = []
  /** Called before a question is answered. */
  beforeAnswer: (question: Question, path: string) => void = () => {}
  isClosed = false
  #listeners: ((event: ZooKeeperSessionEvent) => void)[] = []
  #watchers: { kind: 'children' | 'node'; path: string; watcher: ZooKeeperWatcher }[] = []

  get watchers(): string[] {
    return this.#watchers.map(({ kind, path }) => `${kind} ${path}`)
  }

  readonly client: ZooKeeperClient = {
    start: () => {},
    onSession: (listener: (event: ZooKeeperSessionEvent) => void) => {
      this.#listeners.push(listener)
      return () => {
        this.#listeners = this.#listeners.filter((other) => other !== listener)
      }
    },
    getChildren: (path: string, watcher?: ZooKeeperWatcher) =>
      this.#answer('getChildren', path, () => {
        if (!this.nodes.has(path)) throw this.#error('no-node', path)
        if (watcher) this.#watchers.push({ kind: 'children', path, watcher })
        return { children: this.#children(path), stat: {} }
      }),
    getData: (path: string) =>
      this.#answer('getData', path, () => {
        const text = this.nodes.get(path)
        if (text === undefined) throw this.#error('no-node', path)
        return { data: Buffer.from(text), stat: {} }
      }),
    exists: (path: string, watcher?: ZooKeeperWatcher) =>
      this.#answer('exists', path, () => {
        if (watcher) this.#watchers.push({ kind: 'node', path, watcher })
        return this.nodes.has(path) ? {} : undefined
      }),
    close: async () => {
      this.isClosed = true
    },
  } as unknown as ZooKeeperClient

  session(event: ZooKeeperSessionEvent): void {
    if (event.type === 'lost') this.#watchers = []
    for (const listener of this.#listeners) listener(event)
  }

  put(path: string, text = ''): void {
    const isNew = !this.nodes.has(path)
    this.nodes.set(path, text)
    if (!isNew) return
    this.#fire('node', path)
    this.#fire('children', parentOf(path))
  }

  remove(path: string): void {
    this.nodes.delete(path)
    this.#fire('node', path)
    this.#fire('children', parentOf(path))
  }

  #fire(kind: 'children' | 'node', path: string): void {
    const due = this.#watchers.filter((other) => other.kind === kind && other.path === path)
    this.#watchers = this.#watchers.filter((other) => !due.includes(other))
    const type = kind === 'children' ? 'children-changed' : 'created'
    for (const { watcher } of due) watcher({ type, path })
  }

  #children(path: string): string[] {
    const below = [...this.nodes.keys()].filter((node) => parentOf(node) === path)
    return below.map((node) => node.slice(path.length + 1)).sort()
  }

  async #answer<T>(question: Question, path: string, answer: () => T): Promise<T> {
    this.asked.push(`${question} ${path}`)
    this.beforeAnswer(question, path)
    const failure = this.failures.shift()
    if (failure !== undefined) throw this.#error(failure, path)
    return answer()
  }

  #error(reason: ZooKeeperErrorReason, path: string): ZooKeeperError {
    return new ZooKeeperError({ reason, operation: `read ${path}`, path })
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}
