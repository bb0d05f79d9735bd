import { noopLogger, SystemClock, SystemRandom } from '@flink-ts/core'
import { type ZooKeeperUnderTest, zooKeeperContract } from '@flink-ts/testing'
import { NodeZooKeeperClient, type ZooKeeperClient } from '@flink-ts/zookeeper-client'
import t from 'tap'
import { startZooKeeper, type ZooKeeperEnsemble, zookeeperMissing } from './clusters/zookeeper.js'
import { until } from './support/until.js'
import { ZooKeeperProxy } from './support/zookeeper-proxy.js'

// What the simulated ensemble promises, a real one with the real client does.

/** A server or client that does not run for half of it, on a busy machine, is no silence yet. */
const SESSION_TIMEOUT_MS = 6_000
const CONNECTION_TIMEOUT_MS = 30_000
/** No case has more. */
const CLIENTS = 3

const world = { clock: new SystemClock(), random: new SystemRandom(), log: noopLogger }

function clientOf(connectString: string): NodeZooKeeperClient {
  return new NodeZooKeeperClient({
    ...world,
    connectString,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    connectionTimeoutMs: CONNECTION_TIMEOUT_MS,
    acl: 'open',
  })
}

async function underTest(ensemble: ZooKeeperEnsemble, root: string) {
  const [port] = ensemble.ports
  const proxies = await Promise.all(
    Array.from({ length: CLIENTS }, () => ZooKeeperProxy.listen(port!)),
  )
  const unused = [...proxies]
  const byClient = new Map<ZooKeeperClient, ZooKeeperProxy>()
  const proxyOf = (client: ZooKeeperClient) => byClient.get(client)!
  const test: ZooKeeperUnderTest = {
    root,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    createClient({ authorization, ...options } = {}) {
      const proxy = unused.pop()!
      const client = new NodeZooKeeperClient({
        ...world,
        connectString: `127.0.0.1:${proxy.port}`,
        sessionTimeoutMs: SESSION_TIMEOUT_MS,
        connectionTimeoutMs: CONNECTION_TIMEOUT_MS,
        acl: 'open',
        ...options,
        ...(authorization && {
          authorization: [{ scheme: authorization.scheme, auth: authorization.credentials }],
        }),
      })
      byClient.set(client, proxy)
      return client
    },
    cut: (client) => proxyOf(client).cut(),
    silence: (client) => proxyOf(client).silence(),
    restore: (client) => proxyOf(client).restore(),
    expireSession: (client) => proxyOf(client).endSession(),
    loseQuorum: () => ensemble.kill(1),
    restoreQuorum: () => ensemble.restart(1),
    until: async (what, condition) => void (await until(what, condition)),
  }
  return {
    test,
    async close() {
      for (const proxy of proxies) proxy.restore()
      await Promise.all([...byClient.keys()].map((client) => client.close()))
      await Promise.all(proxies.map((proxy) => proxy.close()))
    },
  }
}

t.test(
  'NodeZooKeeperClient and a real server',
  { skip: zookeeperMissing() ?? false },
  async (t) => {
    const ensemble = await startZooKeeper()
    t.teardown(() => ensemble.close())
    const { connectString } = ensemble
    for (const [index, { promise, run }] of zooKeeperContract.entries()) {
      await t.test(promise, async () => {
        const maker = clientOf(connectString)
        maker.start()
        await maker.create(`/case-${index}`, new Uint8Array())
        await maker.close()
        const { test, close } = await underTest(ensemble, `/case-${index}`)
        try {
          await run(test)
        } finally {
          await close()
        }
      })
    }
  },
)
