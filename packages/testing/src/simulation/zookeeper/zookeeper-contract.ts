import { zooKeeperNodeContract } from './zookeeper-node-contract.js'
import { zooKeeperSessionContract } from './zookeeper-session-contract.js'
import type { ZooKeeperPromise } from './zookeeper-under-test.js'
import { zooKeeperWatchContract } from './zookeeper-watch-contract.js'

/** What an ensemble and its clients promise, the simulated ones and the real ones: each is run with tap against both. */
export const zooKeeperContract: readonly ZooKeeperPromise[] = [
  ...zooKeeperNodeContract,
  ...zooKeeperWatchContract,
  ...zooKeeperSessionContract,
]
