import type { CancelTimer, Clock, Logger } from '@flink-ts/core'
import { type LeaderAddress, type LeaderComponent, LeadershipLostError } from '@flink-ts/runtime'
import type { ZooKeeperClient, ZooKeeperOperation } from '@flink-ts/zookeeper-client'
import type { ClusterPaths } from '../cluster-paths.js'
import { hasReason } from '../coordination-reads.js'
import type { FencedWriter } from '../fenced-writer.js'
import { encodeLeaderInformation } from '../leader-information.js'

export interface PublishedAddressesOptions {
  readonly zooKeeper: ZooKeeperClient
  readonly paths: ClusterPaths
  /** Of the term whose addresses these are. */
  readonly writer: FencedWriter
  readonly clock: Clock
  readonly log: Logger
  /** A node has been written or is about to be. */
  readonly onWrite: (path: string) => void
  /** It has gone, and is not wanted any more. */
  readonly onRemoved: (path: string) => void
}

/** One component and what others shall find of it. */
interface Publication {
  readonly parent: string
  readonly path: string
  wanted: LeaderAddress | undefined
  isBusy: boolean
  /** What is there may be otherwise than wanted. */
  isDue: boolean
  /** A watcher of ours is set. */
  isWatched: boolean
}

const RETRY_DELAY_MS = 1000

/**
 * Where components of one term are found: a node each, which is kept as wanted until the term ends, whoever removes or changes it.
 */
export class PublishedAddresses {
  readonly #options: PublishedAddressesOptions
  readonly #publications = new Map<string, Publication>()
  readonly #retries = new Set<CancelTimer>()
  #isClosed = false

  constructor(options: PublishedAddressesOptions) {
    this.#options = options
  }

  publish(component: LeaderComponent, leader: LeaderAddress): void {
    const { paths } = this.#options
    const path = paths.connectionInfo(component)
    const known = this.#publications.get(path)
    const publication: Publication = known ?? {
      parent: paths.component(component),
      path,
      wanted: undefined,
      isBusy: false,
      isDue: false,
      isWatched: false,
    }
    publication.wanted = leader
    this.#publications.set(path, publication)
    this.#settle(publication)
  }

  withdraw(component: LeaderComponent, leader: LeaderAddress): void {
    const publication = this.#publications.get(this.#options.paths.connectionInfo(component))
    if (publication === undefined || publication.wanted !== leader) return
    publication.wanted = undefined
    this.#settle(publication)
  }

  /** The connection was cut: writes may have been lost. */
  reconnected(): void {
    for (const publication of this.#publications.values()) this.#settle(publication)
  }

  /** What is there stays; nothing is written any more. */
  close(): void {
    this.#isClosed = true
    for (const cancel of this.#retries) cancel()
    this.#retries.clear()
  }

  #settle(publication: Publication): void {
    // One that was forgotten may have a successor.
    if (this.#isClosed || this.#publications.get(publication.path) !== publication) return
    publication.isDue = true
    if (publication.isBusy) return
    publication.isBusy = true
    this.#run(publication).catch((error) => this.#onFailure(publication, error))
  }

  get #isOver(): boolean {
    return this.#isClosed || this.#options.writer.isOver
  }

  async #run(publication: Publication): Promise<void> {
    try {
      while (publication.isDue && !this.#isOver) {
        publication.isDue = false
        const { wanted } = publication
        if (wanted === undefined) await this.#remove(publication)
        else await this.#write(publication, wanted)
      }
    } finally {
      // At once: a change that comes before this promise is heard of must not take it for busy.
      publication.isBusy = false
    }
    const { path, wanted, isDue } = publication
    if (wanted !== undefined || isDue) return
    this.#publications.delete(path)
    this.#options.onRemoved(path)
  }

  #onFailure(publication: Publication, error: unknown): void {
    const { writer, clock, log } = this.#options
    // What is published goes with the term.
    if (this.#isClosed || error instanceof LeadershipLostError || writer.isOver) return
    if (hasReason(error, 'closed')) return
    log.warn('Could not publish the address of a component; trying again', {
      node: publication.path,
      error,
      retryInMs: RETRY_DELAY_MS,
    })
    const cancel = clock.schedule(RETRY_DELAY_MS, () => {
      this.#retries.delete(cancel)
      this.#settle(publication)
    })
    this.#retries.add(cancel)
  }

  async #write(publication: Publication, wanted: LeaderAddress): Promise<void> {
    const { zooKeeper, writer, log, onWrite } = this.#options
    const { path, parent } = publication
    const data = encodeLeaderInformation(wanted)
    for (;;) {
      const [found, parentStat] = await Promise.all([
        this.#read(publication),
        zooKeeper.exists(parent),
      ])
      if (this.#isOver || publication.wanted !== wanted) return
      const isOurs = found?.stat.ephemeralOwner === writer.sessionId
      if (found !== undefined && isOurs && Buffer.compare(found.data, data) === 0) return
      const operations: ZooKeeperOperation[] = []
      if (found !== undefined && isOurs) {
        operations.push({ type: 'set-data', path, data, version: -1 })
      } else {
        if (parentStat === undefined) {
          operations.push({ type: 'create', path: parent, data: Buffer.alloc(0) })
        }
        if (found !== undefined) {
          // Of a leader whose session is not over yet, or by somebody's hand.
          log.info('Replacing the address of an earlier leader', { node: path })
          operations.push({ type: 'remove', path, version: -1 })
        }
        operations.push({ type: 'create', path, data, ephemeral: true })
      }
      onWrite(path)
      try {
        await writer.write(`publish ${path}`, operations)
      } catch (error) {
        // Somebody has changed it between the look and the write.
        if (!hasReason(error, 'no-node', 'node-exists')) throw error
      }
    }
  }

  /** With one watcher at a time. */
  async #read(publication: Publication) {
    const { zooKeeper } = this.#options
    const { path } = publication
    const watcher = publication.isWatched
      ? undefined
      : () => {
          publication.isWatched = false
          if (publication.wanted !== undefined) this.#settle(publication)
        }
    // Before the answer: the watcher may be called before whoever waits for the answer runs on.
    publication.isWatched = true
    try {
      return await zooKeeper.getData(path, watcher)
    } catch (error) {
      if (watcher !== undefined) publication.isWatched = false
      if (hasReason(error, 'no-node')) return undefined
      throw error
    }
  }

  async #remove({ path, parent }: Publication): Promise<void> {
    const { writer } = this.#options
    const info = { type: 'remove', path, version: -1 } as const
    try {
      await writer.write(`withdraw ${path}`, [info, { type: 'remove', path: parent, version: -1 }])
    } catch (error) {
      if (hasReason(error, 'no-node')) return
      if (!hasReason(error, 'not-empty')) throw error
      await writer.write(`withdraw ${path}`, [info])
    }
  }
}
