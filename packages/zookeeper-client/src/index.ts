export {
  type ConnectString,
  InvalidConnectStringError,
  parseConnectString,
  type ZooKeeperServer,
} from './connect-string.js'
export { NodeZooKeeperClient } from './node-zookeeper-client.js'
export { childPath, parentPath, pathProblem } from './paths.js'
export { createRecursively, removeRecursively } from './recursive.js'
export type {
  CreateOptions,
  ZooKeeperClient,
  ZooKeeperOperation,
  ZooKeeperOperationResult,
  ZooKeeperSessionEvent,
  ZooKeeperWatchEvent,
  ZooKeeperWatcher,
} from './zookeeper-client.js'
export type { ZooKeeperAuthorization, ZooKeeperClientOptions } from './zookeeper-client-options.js'
export {
  ZooKeeperError,
  type ZooKeeperErrorFacts,
  type ZooKeeperErrorReason,
} from './zookeeper-error.js'
export type { ZooKeeperStat } from './zookeeper-stat.js'
