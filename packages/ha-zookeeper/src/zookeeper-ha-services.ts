import type { Clock, FileSystem, Logger, Random } from '@flink-ts/core'
import type { FencingToken } from '@flink-ts/rpc'
import type {
  HighAvailabilityServices,
  LeaderComponent,
  LeaderElection,
  LeaderRetriever,
  LeaderStores,
} from '@flink-ts/runtime'
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
}

/** High availability of one JobManager process by ZooKeeper and a folder that all JobManagers reach. */
export class ZooKeeperHaServices implements HighAvailabilityServices {
  readonly blobStorage: { readonly fileSystem: FileSystem; readonly directory: string }

  constructor(_options: ZooKeeperHaServicesOptions) {
    throw new Error('being written')
  }

  /** Of the term that this process believes to lead. */
  get token(): FencingToken | undefined {
    return undefined
  }

  leaderElection(_component: LeaderComponent): LeaderElection {
    throw new Error('being written')
  }

  leaderRetriever(_component: LeaderComponent): LeaderRetriever {
    throw new Error('being written')
  }

  stores(_token: FencingToken): LeaderStores {
    throw new Error('being written')
  }

  async close(_options: { readonly cleanUp?: boolean } = {}): Promise<void> {}
}
