import { type CancelTimer, type Clock, hostAndPort, type Logger } from '@flink-ts/core'
import type { ZooKeeperClient } from '@flink-ts/zookeeper-client'
import type { MasterDetector } from './master-detector.js'
import { leadingNode, parseMasterInfo } from './master-info.js'
import type { MasterAddress } from './mesos-master.js'

const RETRY_MS = 1_000
const MAX_RETRY_MS = 10_000

export interface ZooKeeperMastersOptions {
  /** Not started; the detector closes it. */
  readonly zooKeeper: ZooKeeperClient
  /** `host:port,host:port`, for people. */
  readonly connectString: string
  readonly path: string
  readonly clock: Clock
  readonly log: Logger
}

/**
 * Follows the leader in ZooKeeper: the master whose node has the smallest number. As long as ZooKeeper cannot be asked, the leader is the
 * last one that it named: a lost session says nothing about masters.
 */
export class ZooKeeperMasters implements MasterDetector {
  readonly description: string
  readonly #options: ZooKeeperMastersOptions
  #masters: readonly MasterAddress[] = []
  #problem: string
  #changed: () => void = () => {}
  #endSession: () => void = () => {}
  /** An answer to an older one means nothing any more. */
  #question = 0
  /** Watchers that wait at the servers: one of a kind at a time. */
  readonly #watched = new Set<'children' | 'existence'>()
  #delayMs = 0
  #cancelRetry: CancelTimer | undefined
  #isClosed = false

  constructor(options: ZooKeeperMastersOptions) {
    this.#options = options
    this.description = `zk://${options.connectString}${options.path}`
    this.#problem = `ZooKeeper (${options.connectString}) does not answer`
  }

  get masters(): readonly MasterAddress[] {
    return this.#masters
  }

  get problem(): string {
    return this.#problem
  }

  start(changed: () => void): void {
    this.#changed = changed
    const { zooKeeper, connectString } = this.#options
    this.#endSession = zooKeeper.onSession(({ type }) => {
      if (type === 'lost') this.#watched.clear()
      if (type === 'connected') this.#look()
      if (type !== 'auth-failed') return
      this.#problem = `ZooKeeper (${connectString}) refuses user and password`
      this.#options.log.error('ZooKeeper refuses the credentials for the masters of Mesos', {
        zooKeeper: connectString,
      })
    })
    zooKeeper.start()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#question++
    this.#cancelRetry?.()
    this.#endSession()
    await this.#options.zooKeeper.close()
  }

  #look(): void {
    if (this.#isClosed) return
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
    const question = ++this.#question
    this.#read().then(
      (leader) => {
        if (question !== this.#question) return
        this.#delayMs = 0
        this.#found(leader)
      },
      (error) => {
        if (question === this.#question) this.#failed(error)
      },
    )
  }

  #found(leader: MasterAddress | undefined): void {
    const { path, log } = this.#options
    const [before] = this.#masters
    this.#problem = `no master leads: there is no json.info_… below ${path} in ZooKeeper`
    if (before?.host === leader?.host && before?.port === leader?.port) return
    this.#masters = leader === undefined ? [] : [leader]
    log.info('ZooKeeper names the leading master of Mesos', {
      master: leader && hostAndPort(leader.host, leader.port),
      path,
    })
    this.#changed()
  }

  /** What ZooKeeper does not tell is asked for again; what it tells and nobody understands as well, for it may be put right without a change of children. */
  #failed(error: unknown): void {
    const { clock, log, path, connectString } = this.#options
    this.#delayMs = Math.min(MAX_RETRY_MS, this.#delayMs === 0 ? RETRY_MS : 2 * this.#delayMs)
    const words = error instanceof Error ? error.message : String(error)
    if (this.#masters.length === 0) this.#problem = `ZooKeeper (${connectString}): ${words}`
    log.warn('Could not find the leading master of Mesos in ZooKeeper; trying again', {
      path,
      error,
      retryInMs: this.#delayMs,
    })
    this.#cancelRetry = clock.schedule(this.#delayMs, () => this.#look())
  }

  async #read(): Promise<MasterAddress | undefined> {
    const { zooKeeper, path } = this.#options
    for (;;) {
      const children = await this.#children()
      const name = children && leadingNode(children)
      if (name === undefined) return undefined
      try {
        const { data } = await zooKeeper.getData(`${path}/${name}`)
        return parseMasterInfo(data)
      } catch (error) {
        // Gone since it was listed: the next one leads.
        if (!isNoNode(error)) throw error
      }
    }
  }

  /** With a watcher; undefined: nobody has ever made the path, and the watcher waits for it. */
  async #children(): Promise<readonly string[] | undefined> {
    const { zooKeeper, path } = this.#options
    for (;;) {
      try {
        const { children } = await this.#watching('children', (watcher) =>
          zooKeeper.getChildren(path, watcher),
        )
        return children
      } catch (error) {
        if (!isNoNode(error)) throw error
      }
      const stat = await this.#watching('existence', (watcher) => zooKeeper.exists(path, watcher))
      if (stat === undefined) return undefined
    }
  }

  async #watching<T>(
    kind: 'children' | 'existence',
    ask: (watcher?: () => void) => Promise<T>,
  ): Promise<T> {
    while (this.#watched.has(kind)) {
      const answer = await ask()
      // Otherwise the question that was to set it has failed meanwhile.
      if (this.#watched.has(kind)) return answer
    }
    // Before the answer: the watcher may be called before whoever waits for the answer runs on.
    this.#watched.add(kind)
    try {
      return await ask(() => {
        this.#watched.delete(kind)
        this.#look()
      })
    } catch (error) {
      this.#watched.delete(kind)
      throw error
    }
  }
}

function isNoNode(error: unknown): boolean {
  return (error as { readonly reason?: unknown }).reason === 'no-node'
}
