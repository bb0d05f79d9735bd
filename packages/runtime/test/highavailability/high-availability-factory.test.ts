import { Configuration } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import t from 'tap'
import { awaitLeader } from '../../dist/highavailability/await-leader.js'
import { loadHighAvailability } from '../../dist/highavailability/high-availability-factory.js'
import type { LeaderAddress } from '../../dist/highavailability/high-availability-services.js'

const of = (type: string) => Configuration.fromMap({ 'high-availability.type': type })

t.test('loadHighAvailability loads nothing without high availability', async (t) => {
  const load = async () => t.fail('nothing is loaded')
  for (const configuration of [new Configuration(), of('NONE'), of(' none ')]) {
    t.equal(await loadHighAvailability(configuration, load), undefined)
  }
})

t.test(
  'loadHighAvailability takes ZooKeeper in any case, and modules by their names',
  async (t) => {
    const loaded: string[] = []
    const services = () => undefined as never
    const retrieval = () => undefined as never
    const load = async (module: string) => {
      loaded.push(module)
      return {
        createZooKeeperHaServices: services,
        createZooKeeperLeaderRetrieval: retrieval,
        createHighAvailabilityServices: services,
        createLeaderRetrieval: retrieval,
      }
    }
    for (const type of ['zookeeper', 'ZooKeeper', '@acme/ha-etcd']) {
      t.strictSame(await loadHighAvailability(of(type), load), {
        createHighAvailabilityServices: services,
        createLeaderRetrieval: retrieval,
      })
    }
    t.strictSame(loaded, ['@flink-ts/ha-zookeeper', '@flink-ts/ha-zookeeper', '@acme/ha-etcd'])
  },
)

t.test('loadHighAvailability names the key of what it cannot use', async (t) => {
  const refused = (type: string, load: (module: string) => Promise<unknown>) =>
    t.rejects(loadHighAvailability(of(type), load), {
      code: 'FLINK_ILLEGAL_CONFIGURATION',
      key: 'high-availability.type',
      message: new RegExp(`high-availability.type: ${type}`),
    })
  await refused('Kubernetes', async () => ({}))
  await refused('@acme/none', async () => {
    throw new Error('Cannot find package')
  })
  await refused('@acme/other', async () => ({ createLeaderRetrieval: () => {} }))
})

t.test('awaitLeader waits for a leader that is wanted, not longer than told', async (t) => {
  const clock = new ManualClock()
  let listener: (leader: LeaderAddress | undefined) => void = () => {}
  let closed = 0
  const retrieval = {
    leaderRetriever: () => ({
      start: (given: typeof listener) => {
        listener = given
      },
      close: async () => void closed++,
    }),
    close: async () => {},
  }
  const leader = (address: string) => ({ address, endpointId: 'r', token: { epoch: 1, uuid: 'u' } })
  const wait = (isWanted?: (leader: LeaderAddress) => boolean, signal?: AbortSignal) =>
    awaitLeader(
      retrieval,
      { kind: 'rest_server' },
      { clock, patienceMs: 100, ...(isWanted && { isWanted }), ...(signal && { signal }) },
    )

  const first = wait()
  listener(undefined)
  listener(leader('a'))
  t.equal((await first)?.address, 'a')

  const other = wait(({ address }) => address !== 'a')
  listener(leader('a'))
  listener(leader('b'))
  t.equal((await other)?.address, 'b')

  const same = wait(({ address }) => address !== 'a')
  listener(leader('a'))
  clock.advance(100)
  t.equal((await same)?.address, 'a', 'who leads all the same')

  const nobody = wait()
  clock.advance(100)
  t.equal(await nobody, undefined)
  t.equal(closed, 4)
  t.equal(clock.pendingTimers, 0)

  const stop = new AbortController()
  const stopped = wait(undefined, stop.signal)
  stop.abort(new Error('wrong password'))
  await t.rejects(stopped, { message: 'wrong password' })
  t.equal(closed, 5)
  t.equal(clock.pendingTimers, 0, 'nothing keeps the process')
  await t.rejects(wait(undefined, stop.signal), { message: 'wrong password' })
})
