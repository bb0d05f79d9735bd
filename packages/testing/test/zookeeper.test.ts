import { SeededRandom } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { SimulatedZooKeeper, type ZooKeeperUnderTest, zooKeeperContract } from '@flink-ts/testing'
import type { ZooKeeperClient } from '@flink-ts/zookeeper-client'
import t from 'tap'

const SESSION_TIMEOUT_MS = 2_000
const MAX_TURNS = 20_000

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** A simulated ensemble whose time goes on by itself, some milliseconds with each turn of the event loop. */
async function underTest(latency: boolean, seed: number) {
  const clock = new ManualClock(1_000)
  const random = new SeededRandom(seed)
  const zooKeeper = new SimulatedZooKeeper({
    clock,
    random,
    ...(latency && {
      latencyMs: () => random.next() * 10,
      reconnectDelayMs: () => random.next() * 50,
    }),
  })
  zooKeeper.write('/test', Buffer.from(''))
  const names = new Map<ZooKeeperClient, string>()
  let turns = 0
  let isOver = false
  const drive = async () => {
    while (!isOver) {
      await turn()
      turns++
      clock.advance(3)
    }
  }
  const nameOf = (client: ZooKeeperClient) => names.get(client)!
  const test: ZooKeeperUnderTest = {
    root: '/test',
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    createClient(options = {}) {
      const name = `client-${names.size}`
      const client = zooKeeper.createClient({
        sessionTimeoutMs: SESSION_TIMEOUT_MS,
        ...options,
        name,
      })
      names.set(client, name)
      return client
    },
    cut: (client) => zooKeeper.cut(nameOf(client)),
    silence: (client) => zooKeeper.cut(nameOf(client), { notice: 'late' }),
    restore: (client) => zooKeeper.restore(nameOf(client)),
    expireSession: async (client) => zooKeeper.expireSession(nameOf(client)),
    loseQuorum: async () => zooKeeper.loseQuorum(),
    restoreQuorum: async () => zooKeeper.restoreQuorum(),
    async until(what, condition) {
      const end = turns + MAX_TURNS
      while (!(await condition())) {
        if (turns > end) throw new Error(`waited in vain: ${what}`)
        await turn()
      }
    },
  }
  const driven = drive()
  return {
    test,
    zooKeeper,
    clock,
    async close() {
      for (const client of names.keys()) await client.close()
      isOver = true
      await driven
      zooKeeper.close()
      if (clock.pendingTimers > 0) throw new Error(`${clock.pendingTimers} timers are left`)
    },
  }
}

for (const { promise, run } of zooKeeperContract) {
  t.test(`SimulatedZooKeeper: ${promise}`, async () => {
    for (const [latency, seed] of [
      [false, 1],
      [true, 1],
      [true, 2],
      [true, 3],
    ] as const) {
      const { test, close } = await underTest(latency, seed)
      try {
        await run(test)
      } finally {
        await close()
      }
    }
  })
}
