import type { Clock, Configuration, FileSystems, Logger, Random } from '@flink-ts/core'

/** What is kept of one cluster. */
export interface ZooKeeperClusterInfo {
  readonly clusterId: string
  /** Base URL of the leader's REST endpoint. */
  readonly leaderUrl: string | undefined
  /** Names of the living JobManagers, the leader first. */
  readonly contenders: readonly string[]
  readonly jobs: readonly ZooKeeperJobInfo[]
  /** Nodes, the cluster's own included. */
  readonly nodes: number
  /** Of files in `high-availability.storageDir`; undefined if that is not configured. */
  readonly bytes: number | undefined
}

export interface ZooKeeperJobInfo {
  readonly jobId: string
  /** Undefined if what is kept of the job has none, or cannot be read. */
  readonly name: string | undefined
  /** `submitted`: the next leader runs it. `ended`: its clean-up is due. `rest`: only other entries are left. */
  readonly state: 'submitted' | 'ended' | 'rest'
  readonly checkpoints: number
}

export interface CreateZooKeeperClustersOptions {
  readonly configuration: Configuration
  readonly fileSystems: FileSystems
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** What clusters keep below the configured root, for people. */
export interface ZooKeeperClusters {
  /** Sorted by id. */
  list(): Promise<ZooKeeperClusterInfo[]>
  /**
   * Removes all nodes and files of a cluster, and empty nodes above.
   *
   * @returns false if nothing is kept of such a cluster
   * @throws ClusterHasContendersError if a JobManager lives, unless `force`
   */
  remove(clusterId: string, options?: { readonly force?: boolean }): Promise<boolean>
  close(): Promise<void>
}

/** @throws IllegalConfigurationError naming the key */
export function createZooKeeperClusters(
  _options: CreateZooKeeperClustersOptions,
): ZooKeeperClusters {
  throw new Error('being written')
}
