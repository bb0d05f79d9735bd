import type { CancelTimer } from '@flink-ts/core'
import type {
  ZooKeeperOperation,
  ZooKeeperOperationResult,
  ZooKeeperStat,
  ZooKeeperWatchEvent,
} from '@flink-ts/zookeeper-client'
import type { ZooKeeperConnection } from './zookeeper-connection.js'
import { nameOf, parentOf } from './zookeeper-path.js'
import {
  statOf,
  type ZooKeeperCaller,
  type ZooKeeperChange,
  type ZooKeeperTree,
} from './zookeeper-tree.js'

/** What a client looks out for, by its words at a reconnection. */
export interface ZooKeeperWatches {
  /** Of the last transaction that it has heard of. */
  readonly zxid: number
  readonly data: readonly string[]
  /** Of nodes that were not there. */
  readonly exist: readonly string[]
  readonly children: readonly string[]
}

export interface SimulatedZooKeeperSessionOptions {
  readonly id: string
  readonly timeoutMs: number
  readonly credentials: string | undefined
  readonly exclusive: boolean
  readonly tree: ZooKeeperTree
  /** Tells all sessions. */
  readonly onChanges: (changes: readonly ZooKeeperChange[]) => void
}

/** A session as the servers see it: what its client may ask them for. */
export class SimulatedZooKeeperSession implements ZooKeeperCaller {
  readonly id: string
  readonly timeoutMs: number
  readonly credentials: string | undefined
  readonly exclusive: boolean
  readonly #options: SimulatedZooKeeperSessionOptions
  readonly #watchedNodes = new Set<string>()
  readonly #watchedParents = new Set<string>()
  /** The latest; requests on earlier ones are refused. */
  connection: ZooKeeperConnection | undefined
  /** Brings the client a message of the servers' own. */
  tell: (event: ZooKeeperWatchEvent, zxid: number) => void = () => {}
  cancelExpiry: CancelTimer | undefined
  ended = false

  constructor(options: SimulatedZooKeeperSessionOptions) {
    const { id, timeoutMs, credentials, exclusive } = options
    this.#options = options
    this.id = id
    this.timeoutMs = timeoutMs
    this.credentials = credentials
    this.exclusive = exclusive
  }

  get sessionId(): string {
    return this.id
  }

  transact(
    operations: readonly ZooKeeperOperation[],
    operation: string,
    options: { readonly single: boolean },
  ): ZooKeeperOperationResult[] {
    const { results, changes } = this.#options.tree.transact(operations, this, operation, options)
    this.#options.onChanges(changes)
    return results
  }

  getData(
    path: string,
    watch: boolean,
    operation: string,
  ): { data: Uint8Array; stat: ZooKeeperStat } {
    const node = this.#options.tree.read(path, this, operation)
    if (watch) this.#watchedNodes.add(path)
    return { data: Uint8Array.from(node.data), stat: statOf(node) }
  }

  exists(path: string, watch: boolean): ZooKeeperStat | undefined {
    const node = this.#options.tree.node(path)
    if (watch) this.#watchedNodes.add(path)
    return node && statOf(node)
  }

  getChildren(
    path: string,
    watch: boolean,
    operation: string,
  ): { children: string[]; stat: ZooKeeperStat } {
    const node = this.#options.tree.read(path, this, operation)
    if (watch) this.#watchedParents.add(path)
    return { children: [...node.children].sort(), stat: statOf(node) }
  }

  /** Watches go with their connection; the client brings them along, and hears of what it has missed. */
  watchAgain({ zxid, data, exist, children }: ZooKeeperWatches): void {
    const { tree } = this.#options
    this.#watchedNodes.clear()
    this.#watchedParents.clear()
    for (const path of data) {
      const node = tree.node(path)
      if (node === undefined) this.#tell('deleted', path)
      else if (node.mzxid > zxid) this.#tell('data-changed', path)
      else this.#watchedNodes.add(path)
    }
    for (const path of exist) {
      if (tree.node(path) !== undefined) this.#tell('created', path)
      else this.#watchedNodes.add(path)
    }
    for (const path of children) {
      const node = tree.node(path)
      if (node === undefined) this.#tell('deleted', path)
      else if (node.pzxid > zxid) this.#tell('children-changed', path)
      else this.#watchedParents.add(path)
    }
  }

  /** Tells the client of a change, if it looks out for it. */
  observe({ type, path }: ZooKeeperChange): void {
    const sawNode = this.#watchedNodes.delete(path)
    const sawChildren = type === 'deleted' && this.#watchedParents.delete(path)
    if (sawNode || sawChildren) this.#tell(type, path)
    if (type === 'data-changed' || nameOf(path) === '') return
    const parent = parentOf(path)
    if (this.#watchedParents.delete(parent)) this.#tell('children-changed', parent)
  }

  #tell(type: ZooKeeperWatchEvent['type'], path: string): void {
    this.tell({ type, path }, this.#options.tree.zxid)
  }
}
