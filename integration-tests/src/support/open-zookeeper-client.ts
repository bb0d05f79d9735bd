import { noopLogger, SystemClock, SystemRandom } from '@flink-ts/core'
import { NodeZooKeeperClient } from '@flink-ts/zookeeper-client'
import type { Test } from 'tap'
import type { ZooKeeperEnsemble } from '../clusters/zookeeper.js'

/** A client that looks at an ensemble from outside, until the end of the test. */
export function openZooKeeperClient(
  t: Test,
  { connectString }: Pick<ZooKeeperEnsemble, 'connectString'>,
): NodeZooKeeperClient {
  const client = new NodeZooKeeperClient({
    connectString,
    sessionTimeoutMs: 30_000,
    connectionTimeoutMs: 30_000,
    acl: 'open',
    clock: new SystemClock(),
    random: new SystemRandom(),
    log: noopLogger,
  })
  client.start()
  t.teardown(() => client.close())
  return client
}
