export {
  createZooKeeperHaServices,
  createZooKeeperLeaderRetrieval,
  ZooKeeperRetrieval,
} from './create-zookeeper-ha-services.js'
export {
  type CreateZooKeeperClustersOptions,
  createZooKeeperClusters,
  type ZooKeeperClusterInfo,
  ZooKeeperClusters,
  type ZooKeeperClustersOptions,
  type ZooKeeperJobInfo,
} from './zookeeper-clusters.js'
export {
  ClusterHasContendersError,
  ForeignDataError,
  HaStorageError,
  ZooKeeperAccessError,
} from './zookeeper-ha-errors.js'
export { ZooKeeperHaServices } from './zookeeper-ha-services.js'
export type { ZooKeeperHaServicesOptions } from './zookeeper-ha-services-options.js'
export {
  type ZooKeeperHaSettings,
  type ZooKeeperRetrySettings,
  zooKeeperHaSettings,
} from './zookeeper-ha-settings.js'
