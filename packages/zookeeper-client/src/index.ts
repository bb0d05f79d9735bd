export type {
  CreateOptions,
  ZooKeeperClient,
  ZooKeeperOperation,
  ZooKeeperOperationResult,
  ZooKeeperSessionEvent,
  ZooKeeperWatchEvent,
  ZooKeeperWatcher,
} from './zookeeper-client.js'
export {
  ZooKeeperError,
  type ZooKeeperErrorFacts,
  type ZooKeeperErrorReason,
} from './zookeeper-error.js'
export type { ZooKeeperStat } from './zookeeper-stat.js'
