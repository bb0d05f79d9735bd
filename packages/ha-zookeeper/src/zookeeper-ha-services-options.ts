import type { Clock, FileSystem, Logger, Random } from '@flink-ts/core'
import type { ZooKeeperClient } from '@flink-ts/zookeeper-client'
import type { ZooKeeperHaSettings } from './zookeeper-ha-settings.js'

export interface ZooKeeperHaServicesOptions {
  /** Not started yet; these services start and close it. */
  readonly zooKeeper: ZooKeeperClient
  readonly settings: ZooKeeperHaSettings
  /** `high-availability.storageDir`; the cluster has a folder of its own below it. */
  readonly storage: { readonly fileSystem: FileSystem; readonly directory: string }
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** `host:port` of this JobManager's RPC service, or another name for people who look into ZooKeeper. */
  readonly contenderName: string
  /** See `createZooKeeperHaServices`. */
  readonly onFatalError?: (error: Error) => void
  /** See `HighAvailabilityContext`. */
  readonly onClusterEnded?: () => void
}
