import { type Clock, SeededRandom } from '@flink-ts/core'
import { createMesosScheduler, type MesosScheduler } from '@flink-ts/mesos-client'
import t, { type Test } from 'tap'
import { DriverUnderTest } from '../support/driver-under-test.js'

/** Of `packages/zookeeper-client`, with a session: so long it waits for servers that say nothing. */
const ZOOKEEPER_CLOSE_MS = 3_000
/** Of the launcher: an archive that is being packed, for example. */
const LAUNCHER_CLOSE_MS = 1_000

const after = (clock: Clock, ms: number) =>
  new Promise<void>((resolve) => void clock.schedule(ms, resolve))

/** A scheduler with the real detector of masters, which has a session with a ZooKeeper that says nothing any more. */
function withMuteZooKeeper(clock: Clock): Promise<MesosScheduler> {
  const never = () => new Promise<never>(() => {})
  const client = {
    onSession: (listener: (event: { type: 'connected' }) => void) => {
      queueMicrotask(() => listener({ type: 'connected' }))
      return () => {}
    },
    start: () => {},
    getChildren: never,
    getData: never,
    exists: never,
    close: () => after(clock, ZOOKEEPER_CLOSE_MS),
  }
  return createMesosScheduler({
    master: 'zk://z1:2181/mesos',
    clock,
    random: new SeededRandom(1),
    createZooKeeperClient: () => client as never,
  })
}

/**
 * Ends the cluster, and then the driver, as its ResourceManager does.
 *
 * @param goesOn whether another JobManager goes on with it: it does not end
 * @returns how long that has taken
 */
async function endedAfterMs(under: DriverUnderTest, goesOn = false): Promise<number> {
  const { clock, driver } = under
  const sinceMs = clock.monotonicNow()
  let untilMs: number | undefined
  const end = async () => {
    if (!goesOn) await driver.deregisterApplication('UNKNOWN', 'received SIGINT')
    await driver.terminate()
    untilMs = clock.monotonicNow()
  }
  const ended = end()
  await clock.advance(60_000)
  await ended
  under.mesos.close()
  return (untilMs ?? Number.POSITIVE_INFINITY) - sinceMs
}

async function endsWithin(
  t: Test,
  limitMs: number,
  under: DriverUnderTest,
  goesOn = false,
): Promise<void> {
  const tookMs = await endedAfterMs(under, goesOn)
  t.ok(tookMs <= limitMs, `${tookMs} ms`)
  t.equal(under.clock.pendingTimers, 0, 'nothing is left that would go on')
}

t.test('MesosResourceManagerDriver: all that its end waits for, one after the other', async (t) => {
  const none = { createScheduler: withMuteZooKeeper }

  await t.test('3 seconds where no master leads and ZooKeeper is mute', async (t) => {
    const under = new DriverUnderTest({ ...none, isHighlyAvailable: false })
    under.process.launcher.beforeClosed = () => after(under.clock, LAUNCHER_CLOSE_MS)
    await under.lead(20_000)
    await endsWithin(t, 3_000, under)
    t.same(under.process.errors, [])
  })

  await t.test('also where what is kept cannot be removed', async (t) => {
    const under = new DriverUnderTest(none)
    await under.lead(20_000)
    under.store.happens = () => false
    under.store.outcomesToLose = 1_000
    await endsWithin(t, 3_000, under)
  })

  await t.test('1 second where another JobManager goes on', async (t) => {
    const under = new DriverUnderTest(none)
    under.store.put('frameworkId', 'f-1')
    under.process.launcher.beforeClosed = () => after(under.clock, LAUNCHER_CLOSE_MS)
    await under.lead(20_000)
    await endsWithin(t, 1_000, under, true)
  })

  await t.test('25 seconds where the framework is known', async (t) => {
    const under = new DriverUnderTest(none)
    under.store.put('frameworkId', 'f-1')
    under.process.launcher.beforeClosed = () => after(under.clock, LAUNCHER_CLOSE_MS)
    await under.lead(20_000)
    await endsWithin(t, 25_000, under)
    t.equal(under.store.text('frameworkId'), 'f-1', 'whoever comes goes on with it')
  })
})

t.test(
  'MesosResourceManagerDriver.terminate: the term has ended also where the launcher fails',
  async (t) => {
    const under = new DriverUnderTest({ createScheduler: withMuteZooKeeper })
    const { clock, driver, process } = under
    process.launcher.beforeClosed = () => Promise.reject(new Error('the server is broken'))
    await under.lead(20_000)
    const sinceMs = clock.monotonicNow()
    let tookMs: number | undefined
    const ended = driver.terminate().finally(() => {
      tookMs = clock.monotonicNow() - sinceMs
    })
    ended.catch(() => {})
    await clock.advance(60_000)
    await t.rejects(ended, { message: 'the server is broken' })
    t.ok(tookMs !== undefined && tookMs >= 900, `${tookMs} ms: ZooKeeper is waited for`)
    under.mesos.close()
  },
)
