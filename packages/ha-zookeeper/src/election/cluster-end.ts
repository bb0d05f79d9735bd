import type { Clock, Logger } from '@flink-ts/core'
import type { FencingToken } from '@flink-ts/rpc'
import type { LeaderComponent, LeaderRetriever } from '@flink-ts/runtime'
import type { ZooKeeperClient } from '@flink-ts/zookeeper-client'
import { childrenOf } from '../cluster-layout.js'
import { type ClusterPaths, latchQueue } from '../cluster-paths.js'
import type { PublishedAddresses } from './published-addresses.js'

/** What is published is no address: it says that the cluster ends, and for whom. */
export const CLUSTER_END: LeaderComponent = { kind: 'cluster_end' }
/** Longest time that a leader waits for the others: one that hangs is not waited for. */
const PATIENCE_MS = 5_000
const LOOK_EVERY_MS = 50

export interface ClusterEndOptions {
  readonly zooKeeper: ZooKeeperClient
  readonly paths: ClusterPaths
  readonly processUuid: string
  readonly contenderName: string
  /** For {@link CLUSTER_END}. */
  readonly retriever: LeaderRetriever
  /** The leader ends the cluster, and this process, which waits for its turn, is of it. Told at most once. */
  readonly onClusterEnded: (() => void) | undefined
  readonly clock: Clock
  readonly log: Logger
}

/** The end of a cluster is the end of all its JobManagers: who waits for its turn would go on with an empty cluster. */
export class ClusterEnd {
  readonly #options: ClusterEndOptions
  #isTold = false

  constructor(options: ClusterEndOptions) {
    this.#options = options
    const { retriever, processUuid, onClusterEnded, log } = options
    if (onClusterEnded === undefined) return
    retriever.start((leader) => {
      // Whoever has joined since then is of the next cluster.
      if (this.#isTold || !leader?.endpointId.split(',').includes(processUuid)) return
      this.#isTold = true
      log.info('The leader ends the cluster', { leader: leader.address })
      onClusterEnded()
    })
  }

  /** Tells all that take part now, and waits until they do so no more, for a moment. */
  async announce(addresses: PublishedAddresses, token: FencingToken): Promise<void> {
    const { processUuid, contenderName, clock, log } = this.#options
    this.#isTold = true
    const others = (await this.#contenders()).filter((uuid) => uuid !== processUuid)
    if (others.length === 0) return
    addresses.publish(CLUSTER_END, { address: contenderName, endpointId: others.join(','), token })
    const until = clock.monotonicNow() + PATIENCE_MS
    while (clock.monotonicNow() < until) {
      const there = await this.#contenders()
      if (!others.some((uuid) => there.includes(uuid))) return
      await new Promise<void>((resolve) => void clock.schedule(LOOK_EVERY_MS, resolve))
    }
    log.warn('JobManagers that wait for their turn do not end with their cluster: stop them')
  }

  close(): Promise<void> {
    return this.#options.retriever.close()
  }

  async #contenders(): Promise<string[]> {
    const { zooKeeper, paths } = this.#options
    return latchQueue(await childrenOf(zooKeeper, paths.latch)).map((node) => node.processUuid)
  }
}
