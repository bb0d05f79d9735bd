import assert from 'node:assert/strict'
import {
  type CreateOptions,
  type ZooKeeperClient,
  ZooKeeperError,
  type ZooKeeperOperation,
  type ZooKeeperOperationResult,
  type ZooKeeperSessionEvent,
  type ZooKeeperStat,
  type ZooKeeperWatcher,
} from '@flink-ts/zookeeper-client'
import {
  SimulatedSessionKeeper,
  type SimulatedSessionKeeperOptions,
} from './simulated-session-keeper.js'
import type { CutNotice } from './simulated-zookeeper-servers.js'
import { checkPath, parentOf } from './zookeeper-path.js'

const NOTHING = new Uint8Array()

/** A client of a `SimulatedZooKeeper`, which makes it. Its code runs in the same thread, in virtual time. */
export class SimulatedZooKeeperClient implements ZooKeeperClient {
  readonly #keeper: SimulatedSessionKeeper
  #started = false

  /** @internal */
  constructor(options: SimulatedSessionKeeperOptions) {
    this.#keeper = new SimulatedSessionKeeper(options)
  }

  get sessionTimeoutMs(): number {
    return this.#keeper.timeoutMs
  }

  get sessionId(): string | undefined {
    return this.#keeper.sessionId
  }

  get sessionSafeUntil(): number | undefined {
    return this.#keeper.safeUntil
  }

  get isConnected(): boolean {
    return this.#keeper.isConnected
  }

  /** It is closed, or its process is gone. */
  get isOver(): boolean {
    return this.#keeper.isOver
  }

  onSession(listener: (event: ZooKeeperSessionEvent) => void): () => void {
    return this.#keeper.listen(listener)
  }

  start(): void {
    assert(!this.#started, 'a client is started once')
    this.#started = true
    this.#keeper.start()
  }

  async create(path: string, data: Uint8Array, options: CreateOptions = {}): Promise<string> {
    const copy = Uint8Array.from(data)
    const result = await this.#change('create', { type: 'create', path, data: copy, ...options })
    return result.type === 'create' ? result.path : path
  }

  async createRecursive(path: string): Promise<void> {
    try {
      await this.create(path, NOTHING)
    } catch (error) {
      if (hasReason(error, 'node-exists')) return
      if (!hasReason(error, 'no-node')) throw error
      await this.createRecursive(parentOf(path))
      await this.createRecursive(path)
    }
  }

  async getData(
    path: string,
    watcher?: ZooKeeperWatcher,
  ): Promise<{ readonly data: Uint8Array; readonly stat: ZooKeeperStat }> {
    const operation = `get the data of ${path}`
    checkPath(path, operation)
    const { watchers } = this.#keeper
    return this.#keeper.call(
      operation,
      (session) => session.getData(path, watcher !== undefined, operation),
      { onAnswer: () => watchers.add('data', path, watcher) },
    )
  }

  async exists(path: string, watcher?: ZooKeeperWatcher): Promise<ZooKeeperStat | undefined> {
    const operation = `look for ${path}`
    checkPath(path, operation)
    const { watchers } = this.#keeper
    return this.#keeper.call(operation, (session) => session.exists(path, watcher !== undefined), {
      onAnswer: (stat) => watchers.addForNode(stat, path, watcher),
    })
  }

  async getChildren(
    path: string,
    watcher?: ZooKeeperWatcher,
  ): Promise<{ readonly children: readonly string[]; readonly stat: ZooKeeperStat }> {
    const operation = `list ${path}`
    checkPath(path, operation)
    const { watchers } = this.#keeper
    return this.#keeper.call(
      operation,
      (session) => session.getChildren(path, watcher !== undefined, operation),
      { onAnswer: () => watchers.add('children', path, watcher) },
    )
  }

  async setData(path: string, data: Uint8Array, version: number): Promise<ZooKeeperStat> {
    const copy = Uint8Array.from(data)
    const result = await this.#change('set the data of', {
      type: 'set-data',
      path,
      data: copy,
      version,
    })
    assert(result.type === 'set-data', 'the result is that of the step')
    return result.stat
  }

  async remove(path: string, version: number): Promise<void> {
    await this.#change('remove', { type: 'remove', path, version })
  }

  async removeRecursive(path: string): Promise<void> {
    for (;;) {
      try {
        const { children } = await this.getChildren(path)
        const prefix = path === '/' ? path : `${path}/`
        for (const child of children) await this.removeRecursive(`${prefix}${child}`)
        await this.remove(path, -1)
        return
      } catch (error) {
        if (hasReason(error, 'no-node')) return
        if (!hasReason(error, 'not-empty')) throw error
      }
    }
  }

  async multi(operations: readonly ZooKeeperOperation[]): Promise<ZooKeeperOperationResult[]> {
    const operation = `change ${operations.map(({ type, path }) => `${type} ${path}`).join(', ')}`
    for (const { path } of operations) checkPath(path, operation)
    const copies = operations.map((step) =>
      'data' in step ? { ...step, data: Uint8Array.from(step.data) } : step,
    )
    return this.#keeper.call(
      operation,
      (session) => session.transact(copies, operation, { single: false }),
      { changes: copies },
    )
  }

  close(): Promise<void> {
    return this.#keeper.close()
  }

  /** @internal */
  cut(notice: CutNotice): void {
    this.#keeper.cut(notice)
  }

  /** @internal */
  restore(): void {
    this.#keeper.restore()
  }

  /** @internal */
  standStill(): void {
    this.#keeper.standStill()
  }

  /** @internal */
  goOn(): void {
    this.#keeper.goOn()
  }

  /** @internal */
  crash(): void {
    this.#keeper.crash()
  }

  /** @internal */
  serversAreGone(): (() => void)[] {
    return this.#keeper.serversAreGone()
  }

  /** @internal */
  serversAreBack(): void {
    this.#keeper.serversAreBack()
  }

  /** @internal */
  serversEnded(sessionId: string): void {
    this.#keeper.serversEnded(sessionId)
  }

  async #change(verb: string, step: ZooKeeperOperation): Promise<ZooKeeperOperationResult> {
    const operation = `${verb} ${step.path}`
    checkPath(step.path, operation)
    const [result] = await this.#keeper.call(
      operation,
      (session) => session.transact([step], operation, { single: true }),
      { changes: [step] },
    )
    return result!
  }
}

function hasReason(error: unknown, reason: ZooKeeperError['reason']): boolean {
  return error instanceof ZooKeeperError && error.reason === reason
}
