import type { Clock, Configuration, FileSystems, Logger, Random } from '@flink-ts/core'
import type { HighAvailabilityServices, LeaderComponent, LeaderRetriever } from '@flink-ts/runtime'

export interface CreateZooKeeperLeaderRetrievalOptions {
  readonly configuration: Configuration
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Called once, when it is certain that ZooKeeper will never answer: credentials that it refuses. Default: logged as an error. */
  readonly onFatalError?: (error: Error) => void
}

export interface CreateZooKeeperHaServicesOptions extends CreateZooKeeperLeaderRetrievalOptions {
  readonly fileSystems: FileSystems
  /** `host:port` of this JobManager's RPC service, or another name for people who look into ZooKeeper. */
  readonly contenderName: string
}

/** Finds leaders. Reads only: it makes no node. */
export interface ZooKeeperLeaderRetrieval {
  leaderRetriever(component: LeaderComponent): LeaderRetriever
  /** Ends all retrievers and the session. Idempotent. */
  close(): Promise<void>
}

/**
 * High availability of a JobManager by the ensemble that the configuration names. Does not wait for the ensemble: one that does
 * not answer is tried for ever, with a warning that names the key. What can never work is told to `onFatalError`: refused
 * credentials, and foreign data where the cluster's would be.
 *
 * @throws IllegalConfigurationError naming the key, also if `high-availability.storageDir` is missing or cannot be written to
 */
export async function createZooKeeperHaServices(
  _options: CreateZooKeeperHaServicesOptions,
): Promise<HighAvailabilityServices> {
  throw new Error('being written')
}

/**
 * For TaskManagers and clients.
 *
 * @throws IllegalConfigurationError naming the key
 */
export function createZooKeeperLeaderRetrieval(
  _options: CreateZooKeeperLeaderRetrievalOptions,
): ZooKeeperLeaderRetrieval {
  throw new Error('being written')
}
