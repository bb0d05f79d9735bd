import type { Clock, Logger } from '@flink-ts/core'
import type { ZooKeeperClient } from '@flink-ts/zookeeper-client'
import type { ClusterPaths } from '../cluster-paths.js'
import type { ZooKeeperRetrySettings } from '../zookeeper-ha-settings.js'

/** What a node that has become the first is known by. */
export interface WonLatch {
  readonly latchPath: string
  /** Transaction that made the node. */
  readonly czxid: number
  readonly sessionId: string
}

export interface LeaderLatchOptions {
  readonly zooKeeper: ZooKeeperClient
  readonly paths: ClusterPaths
  /** In the names of this process's nodes, so that it knows them again. */
  readonly processUuid: string
  /** In the node, for people. */
  readonly contenderName: string
  readonly tolerateSuspendedConnections: boolean
  readonly retry: ZooKeeperRetrySettings
  readonly clock: Clock
  readonly log: Logger
  /** Makes the node of the latch and looks that nothing foreign is there. */
  readonly prepare: () => Promise<void>
  /**
   * Whether the cluster that this process is of is over, so that it takes no part any more.
   *
   * @param czxid of the node of this process, once it has one
   */
  readonly hasEnded: (czxid?: number) => Promise<boolean>
  readonly onWon: (latch: WonLatch) => void
  /** Called at once when the leadership is given up or lost. */
  readonly onLost: () => void
  /** Removes what else earlier terms have left in this session. */
  readonly removeLeftovers: () => Promise<void>
  /** It can never take part, or could not begin its term. */
  readonly onFatalError: (error: Error) => void
}
