import { noopLogger, SeededRandom } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { createMasterDetector } from '@flink-ts/mesos-client'
import t, { type Test } from 'tap'
import { FakeZooKeeper } from '../support/fake-zookeeper.js'
import { settle } from '../support/settle.js'

const CONNECTED = { type: 'connected', sessionId: '1' } as const
const info = (hostname: string, port = 5050) =>
  JSON.stringify({
    address: { hostname, ip: '10.0.0.1', port },
    capabilities: [{}],
    hostname,
    ip: 16777343,
  })

async function detect(t: Test, prepare: (zooKeeper: FakeZooKeeper) => void = () => {}) {
  const zooKeeper = new FakeZooKeeper()
  prepare(zooKeeper)
  const clock = new ManualClock()
  const detector = await createMasterDetector({
    master: 'zk://zk1:2181/mesos',
    clock,
    random: new SeededRandom(1),
    log: noopLogger,
    createZooKeeperClient: () => zooKeeper.client,
  })
  const told: string[] = []
  const now = () => detector.masters.map(({ host, port }) => `${host}:${port}`).join()
  detector.start(() => void told.push(now()))
  t.teardown(() => detector.close())
  zooKeeper.session(CONNECTED)
  await settle()
  return { zooKeeper, clock, detector, told, now }
}

const ensemble = (zooKeeper: FakeZooKeeper) => {
  zooKeeper.put('/mesos')
  zooKeeper.put('/mesos/log_replicas')
  zooKeeper.put('/mesos/info_0000000001', 'of an old master')
  zooKeeper.put('/mesos/json.info_0000000010', info('m10'))
  zooKeeper.put('/mesos/json.info_0000000009', info('m9', 6050))
  zooKeeper.put('/mesos/json.info_00000000110', info('m110'))
}

t.test('ZooKeeperMasters names the master of the smallest number', async (t) => {
  const { told, detector } = await detect(t, ensemble)
  t.strictSame(told, ['m9:6050'])
  t.strictSame(detector.masters, [{ host: 'm9', port: 6050, scheme: undefined }])
})

t.test('ZooKeeperMasters follows the leader, and tells only what is new', async (t) => {
  const { zooKeeper, told, detector } = await detect(t, ensemble)
  zooKeeper.put('/mesos/json.info_0000000011', info('m11'))
  await settle()
  zooKeeper.remove('/mesos/json.info_0000000009')
  await settle()
  t.strictSame(told, ['m9:6050', 'm10:5050'])
  for (const number of ['0000000010', '0000000011', '00000000110']) {
    zooKeeper.remove(`/mesos/json.info_${number}`)
  }
  await settle()
  t.equal(told.at(-1), '')
  t.match(detector.problem, /no master leads.*\/mesos/)
  zooKeeper.put('/mesos/json.info_0000000012', info('m12'))
  await settle()
  t.equal(told.at(-1), 'm12:5050')
  t.strictSame(zooKeeper.watchers, ['children /mesos'], 'one watcher')
})

t.test('ZooKeeperMasters waits for a path that nobody has made', async (t) => {
  const { zooKeeper, told, detector } = await detect(t)
  t.strictSame(told, [])
  t.match(detector.problem, /no master leads/)
  t.strictSame(zooKeeper.watchers, ['node /mesos'])
  zooKeeper.put('/mesos')
  await settle()
  t.strictSame(zooKeeper.watchers, ['children /mesos'])
  zooKeeper.put('/mesos/json.info_0000000000', info('m0'))
  await settle()
  t.strictSame(told, ['m0:5050'])
})

t.test('ZooKeeperMasters sees a path that is made between two questions', async (t) => {
  const { zooKeeper, told } = await detect(t, (zooKeeper) => {
    zooKeeper.beforeAnswer = (question) => {
      if (question === 'exists') zooKeeper.put('/mesos')
    }
  })
  zooKeeper.put('/mesos/json.info_0000000000', info('m0'))
  await settle()
  t.strictSame(told, ['m0:5050'])
})

t.test('ZooKeeperMasters lists again when the node has vanished before it is read', async (t) => {
  const { told } = await detect(t, (zooKeeper) => {
    ensemble(zooKeeper)
    zooKeeper.beforeAnswer = (question, path) => {
      if (question === 'getData' && path.endsWith('09')) zooKeeper.remove(path)
    }
  })
  t.strictSame(told, ['m10:5050'])
})

t.test('ZooKeeperMasters asks again when ZooKeeper fails, with growing pauses', async (t) => {
  const { zooKeeper, clock, told, detector } = await detect(t, (zooKeeper) => {
    ensemble(zooKeeper)
    zooKeeper.failures.push('connection-loss', 'operation-timeout')
  })
  t.strictSame(told, [])
  t.match(detector.problem, /ZooKeeper \(zk1:2181\).*connection loss/)
  clock.advance(1_000)
  await settle()
  clock.advance(1_999)
  await settle()
  t.strictSame(told, [])
  clock.advance(1)
  await settle()
  t.strictSame(told, ['m9:6050'])
  t.equal(clock.pendingTimers, 0)
  t.strictSame(zooKeeper.watchers, ['children /mesos'])
})

t.test(
  'ZooKeeperMasters keeps the leader while there is no session, and looks again in the next one',
  async (t) => {
    const { zooKeeper, told } = await detect(t, ensemble)
    zooKeeper.session({ type: 'suspended' })
    zooKeeper.session({ type: 'lost' })
    zooKeeper.remove('/mesos/json.info_0000000009')
    await settle()
    t.strictSame(told, ['m9:6050'])
    zooKeeper.session(CONNECTED)
    await settle()
    t.strictSame(told, ['m9:6050', 'm10:5050'])
    t.strictSame(zooKeeper.watchers, ['children /mesos'])
  },
)

t.test('ZooKeeperMasters looks again at a node that it does not understand', async (t) => {
  for (const text of [
    '',
    '[]',
    '{"address":{"hostname":"a b","port":5050}}',
    info('m', 0),
    info('a%b'),
    info(''),
  ]) {
    const { zooKeeper, clock, told, detector } = await detect(t, (zooKeeper) => {
      zooKeeper.put('/mesos')
      zooKeeper.put('/mesos/json.info_0000000001', text)
    })
    t.strictSame(told, [])
    t.match(detector.problem, /The node of the master/)
    zooKeeper.put('/mesos/json.info_0000000001', info('m1'))
    clock.advance(1_000)
    await settle()
    t.strictSame(told, ['m1:5050'])
  }
})

t.test('ZooKeeperMasters says that credentials are refused', async (t) => {
  const { zooKeeper, detector } = await detect(t)
  zooKeeper.session({ type: 'auth-failed', scheme: 'digest' })
  t.match(detector.problem, /refuses user and password/)
})

t.test('ZooKeeperMasters does nothing more when it is closed', async (t) => {
  const { zooKeeper, clock, detector, told } = await detect(t, (zooKeeper) => {
    ensemble(zooKeeper)
    zooKeeper.failures.push('connection-loss')
  })
  await detector.close()
  await detector.close()
  t.ok(zooKeeper.isClosed)
  t.equal(clock.pendingTimers, 0)
  zooKeeper.session(CONNECTED)
  await settle()
  t.strictSame(told, [])
})
