import t from 'tap'
import { driverTest } from '../support/driver-test.js'
import { DriverUnderTest } from '../support/driver-under-test.js'

/** The cluster ends; the answer tells whether its driver is done. */
function endOf(
  { driver }: DriverUnderTest,
  ...how: Parameters<DriverUnderTest['driver']['deregisterApplication']>
): { readonly hasCome: boolean } {
  const end = { hasCome: false }
  void driver.deregisterApplication(...how).then(() => {
    end.hasCome = true
  })
  return end
}

t.test('MesosResourceManagerDriver: ends', async (t) => {
  await t.test('also while it is being registered', async (t) => {
    const under = new DriverUnderTest()
    under.mesos.crashMaster()
    await under.lead(1_000)
    const end = endOf(under, 'SUCCEEDED', '')
    under.mesos.startMaster()
    await under.clock.advance(1_999)
    t.ok(end.hasCome)
    t.equal(under.calls('TEARDOWN').length, 1)
    t.equal(under.mesos.frameworks.length, 0)
    t.same([...under.store.entries.keys()], ['taskCount'])
    await under.close()
  })

  await driverTest(
    t,
    'and launches nothing more, though a master comes back meanwhile',
    {},
    async (under, t) => {
      const [id] = await under.running(1)
      under.mesos.crashMaster()
      const waiting = under.request()
      await under.clock.advance(100)
      const end = endOf(under, 'SUCCEEDED', '')
      const late = under.request()
      await under.clock.advance(1_000)
      for (const { error } of [waiting, late]) t.equal(error?.code, 'FLINK_MESOS_REQUEST_WITHDRAWN')
      t.notOk(end.hasCome)
      const said = under.schedulers[0]!.calls.length
      under.mesos.startMaster()
      await under.clock.advance(18_000)
      t.ok(end.hasCome)
      t.same(
        under.schedulers[0]!.calls.slice(said).map(({ type }) => type),
        ['TEARDOWN'],
      )
      t.notOk(
        under.process.terminated.some(([ended]) => ended === id),
        'nobody asks any more',
      )
    },
  )

  await t.test('and never registers after it', async (t) => {
    const under = new DriverUnderTest()
    under.mesos.crashMaster()
    await under.lead(1_000)
    const end = endOf(under, 'SUCCEEDED', '')
    await under.clock.advance(2_100)
    t.ok(end.hasCome)
    under.mesos.startMaster()
    await under.clock.advance(60_000)
    t.equal(under.mesos.frameworks.length, 0)
    t.same([...under.store.entries.keys()], ['taskCount'])
    await under.close()
  })

  await driverTest(
    t,
    'the end of the cluster tears the framework down, and forgets all of it',
    { isHighlyAvailable: false, configuration: { 'mesos.framework-id-file': '/run/id' } },
    async (under, t) => {
      await under.running(3)
      const ended = under.driver.deregisterApplication('SUCCEEDED', '')
      await under.clock.advance(1_000)
      await ended
      t.same(under.tasks, [])
      t.same([...under.process.memory.entries.keys()], ['taskCount'])
      t.equal(await under.files.exists('/run/id'), false)
    },
  )

  await driverTest(t, 'TEARDOWN is repeated until a master takes it', {}, async (under, t) => {
    await under.running(2)
    under.mesos.failOver(5_000)
    const end = endOf(under, 'FAILED', 'it failed')
    await under.clock.advance(4_000)
    t.notOk(end.hasCome)
    await under.clock.advance(10_000)
    t.ok(end.hasCome)
    await under.clock.advance(10_000)
    t.same(under.tasks, [])
    t.same([...under.store.entries.keys()], ['taskCount'])
  })

  await driverTest(
    t,
    'without a master the end waits 20 seconds, and leaves the id to whoever comes',
    {},
    async (under, t) => {
      under.mesos.crashMaster()
      const end = endOf(under, 'CANCELED', '')
      await under.clock.advance(19_000)
      t.notOk(end.hasCome)
      await under.clock.advance(2_000)
      t.ok(end.hasCome)
      t.ok(under.store.text('frameworkId'))
    },
  )

  await driverTest(
    t,
    'a former leader does not end the framework of the next',
    {},
    async (under, t) => {
      const ids = await under.running(2)
      under.store.loseLeadership()
      const ended = under.driver.deregisterApplication('SUCCEEDED', '')
      await under.clock.advance(30_000)
      await ended
      t.same(under.tasks, [...ids].sort())
      t.equal(under.calls('TEARDOWN').length, 0)
    },
  )
})
