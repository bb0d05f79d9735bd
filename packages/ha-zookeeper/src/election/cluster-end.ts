import assert from 'node:assert/strict'
import type { Clock, Logger } from '@flink-ts/core'
import { childPath, type ZooKeeperClient, type ZooKeeperStat } from '@flink-ts/zookeeper-client'
import { CLUSTER_HAS_ENDED, childrenOf } from '../cluster-layout.js'
import { type ClusterPaths, latchQueue } from '../cluster-paths.js'
import { hasReason } from '../coordination-reads.js'
import type { FencedWriter } from '../fenced-writer.js'
import { CoordinationDataLostError } from '../zookeeper-ha-errors.js'

/** Longest time that others are waited for: whoever hangs is put out. */
const PATIENCE_MS = 5_000
const LOOK_EVERY_MS = 50

const WAS_ENDED = 'its leader or an operator has ended it'
const NOTHING_IS_LEFT =
  'nothing is left of it: it was ended while this process was away, or all of its other JobManagers were stopped and no job was kept'
const ANOTHER_ONE =
  'another one has begun with the same id while this process was away; start this JobManager anew if it is to take part in that one'

export interface ClusterEndOptions {
  readonly zooKeeper: ZooKeeperClient
  readonly paths: ClusterPaths
  /** The cluster has ended, and this process is of it. Told at most once. Undefined: this process goes on in the next one. */
  readonly onClusterEnded: (() => void) | undefined
  readonly onFatalError: (error: Error) => void
  readonly log: Logger
}

/** Where a process has come in, in transactions of ZooKeeper. */
interface Membership {
  /** That made the node of the cluster. */
  readonly cluster: number
  /** That made the first node of this process in the queue. */
  readonly joined: number
}

/**
 * The cluster that a process is of: the one whose node it has found when it joined. That one has ended when its node was marked
 * as such since then, or is gone, or is another one. The process ends with it, however late it hears of that: what it would
 * lead otherwise is an empty cluster, or the next one.
 */
export class ClusterEnd {
  readonly #options: ClusterEndOptions
  #membership: Membership | undefined
  #isTold = false
  /** When this process came back. */
  #wasGone = false
  /** In which a watcher is set. */
  #watchedIn: string | undefined

  constructor(options: ClusterEndOptions) {
    this.#options = options
  }

  /** This process is about to end the cluster, and is told nothing from now on. @returns false if somebody else does so */
  begin(): boolean {
    const isFirst = !this.#isTold
    this.#isTold = true
    return isFirst
  }

  /** This process ends by itself, and is told nothing from now on. Idempotent. */
  close(): void {
    this.#isTold = true
  }

  /** Before this process makes nodes that are missing: it must not take its own ones for those of another cluster. */
  async prepare(): Promise<void> {
    const { zooKeeper, paths } = this.#options
    if (this.#membership === undefined) return
    this.#wasGone ||= (await zooKeeper.exists(paths.cluster)) === undefined
  }

  /**
   * Whether the cluster that this process is of has ended; it is told then.
   *
   * @param joined transaction that made the node of this process in the queue, once it has one
   */
  async hasEnded(joined?: number): Promise<boolean> {
    const { zooKeeper, paths, onClusterEnded, onFatalError } = this.#options
    if (onClusterEnded === undefined) return false
    if (this.#isTold) return true
    const { sessionId } = zooKeeper
    const isWatched = this.#watchedIn === sessionId
    this.#watchedIn = sessionId
    let stat: Awaited<ReturnType<ZooKeeperClient['exists']>>
    try {
      stat = await zooKeeper.exists(
        paths.cluster,
        isWatched ? undefined : () => this.#onChange(sessionId),
      )
    } catch (error) {
      if (!isWatched && this.#watchedIn === sessionId) this.#watchedIn = undefined
      throw error
    }
    const membership = this.#membership
    if (membership === undefined) {
      if (stat === undefined || joined === undefined) return false
      this.#membership = { cluster: stat.czxid, joined }
      if (stat.mzxid <= joined) return false
    } else if (stat?.czxid === membership.cluster && stat.mzxid <= membership.joined) return false
    if (this.#isTold) return true
    this.#isTold = true
    if (stat !== undefined && membership !== undefined && stat.czxid < membership.cluster) {
      // Transactions are counted anew.
      onFatalError(new CoordinationDataLostError(paths.cluster))
    } else {
      this.#logEnd(stat)
      onClusterEnded()
    }
    return true
  }

  /** Nobody else tells an operator why a process that was away has ended. */
  #logEnd(now: ZooKeeperStat | undefined): void {
    const { paths, log } = this.#options
    const message = 'The cluster has ended, and this process ends with it'
    const { cluster, joined } = this.#membership!
    const facts = { node: paths.cluster, joined: { cluster, node: joined } }
    if (now === undefined || this.#wasGone) {
      log.warn(message, { why: NOTHING_IS_LEFT, ...facts })
    } else if (now.czxid !== cluster) {
      log.warn(message, { why: ANOTHER_ONE, ...facts, now: now.czxid })
    } else log.info(message, { why: WAS_ENDED, ...facts, ended: now.mzxid })
  }

  #onChange(sessionId: string | undefined): void {
    if (this.#watchedIn !== sessionId) return
    this.#watchedIn = undefined
    // Before that the next look of the latch sees it.
    if (this.#membership === undefined) return
    this.hasEnded().catch((error) => {
      this.#options.log.info('Could not look whether the cluster has ended; later', { error })
    })
  }
}

/** Changes of {@link endCluster} in the term of a leader. */
export function fencedEnd(
  writer: FencedWriter,
  { cluster }: ClusterPaths,
): Pick<Parameters<typeof endCluster>[0], 'mark' | 'putOut'> {
  return {
    mark: async (data) => {
      const step = { type: 'set-data', path: cluster, data, version: -1 } as const
      const [result] = await writer.write(`end the cluster ${cluster}`, [step])
      assert(result?.type === 'set-data', 'a result is that of its step')
      return result.stat.mzxid
    },
    putOut: async (node) => {
      await writer.write(`put out ${node}`, [{ type: 'remove', path: node, version: -1 }])
    },
  }
}

/**
 * Marks a cluster as ended, waits until all that take part have ended, and puts out those that do not.
 *
 * @param own node of the queue that is not waited for
 * @param mark has {@link CLUSTER_HAS_ENDED} written into the node of the cluster, and returns the transaction
 * @param putOut removes a node of the queue
 */
export async function endCluster(options: {
  readonly zooKeeper: ZooKeeperClient
  readonly paths: ClusterPaths
  readonly own: string
  readonly mark: (data: Uint8Array) => Promise<number>
  readonly putOut: (node: string) => Promise<void>
  readonly clock: Clock
  readonly log: Logger
}): Promise<void> {
  const { zooKeeper, paths, own, mark, putOut, clock, log } = options
  const ended = await mark(Buffer.from(CLUSTER_HAS_ENDED))
  // Whoever has joined since then is of the next cluster.
  const others = new Set<string>()
  for (const { name } of latchQueue(await childrenOf(zooKeeper, paths.latch))) {
    const node = childPath(paths.latch, name)
    const stat = node === own ? undefined : await zooKeeper.exists(node)
    if (stat !== undefined && stat.czxid < ended) others.add(node)
  }
  const until = clock.monotonicNow() + PATIENCE_MS
  while (others.size > 0 && clock.monotonicNow() < until) {
    const there = new Set(await childrenOf(zooKeeper, paths.latch))
    for (const node of others) {
      if (!there.has(node.slice(node.lastIndexOf('/') + 1))) others.delete(node)
    }
    if (others.size > 0) {
      await new Promise<void>((resolve) => void clock.schedule(LOOK_EVERY_MS, resolve))
    }
  }
  if (others.size === 0) return
  log.warn('JobManagers do not end with their cluster: they are put out, and end when they go on', {
    nodes: [...others],
  })
  for (const node of others) {
    try {
      await putOut(node)
    } catch (error) {
      if (!hasReason(error, 'no-node')) throw error
    }
  }
}
