import { noopLogger, SystemClock, SystemRandom } from '@flink-ts/core'
import { NodeZooKeeperClient, type ZooKeeperClientOptions } from '@flink-ts/zookeeper-client'
import type { Test } from 'tap'
import type { ZooKeeperEnsemble } from '../clusters/zookeeper.js'

/** A client that looks at an ensemble from outside; whoever starts it closes it. */
export function startZooKeeperClient(
  connectString: string,
  options: Partial<ZooKeeperClientOptions> = {},
): NodeZooKeeperClient {
  const client = new NodeZooKeeperClient({
    connectString,
    sessionTimeoutMs: 30_000,
    connectionTimeoutMs: 30_000,
    acl: 'open',
    clock: new SystemClock(),
    random: new SystemRandom(),
    log: noopLogger,
    ...options,
  })
  client.start()
  return client
}

/** The same until the end of the test. */
export function openZooKeeperClient(
  t: Test,
  { connectString }: Pick<ZooKeeperEnsemble, 'connectString'>,
  options: Partial<ZooKeeperClientOptions> = {},
): NodeZooKeeperClient {
  const client = startZooKeeperClient(connectString, options)
  t.teardown(() => client.close())
  return client
}
