import t from 'tap'
import { driverTest } from '../support/driver-test.js'
import { DriverUnderTest } from '../support/driver-under-test.js'

t.test('YarnResourceManagerDriver.deregisterApplication', async (t) => {
  const ended = async (under: DriverUnderTest, status: 'SUCCEEDED' | 'CANCELED' | 'UNKNOWN') => {
    const done = under.driver.deregisterApplication(status, 'because')
    await under.clock.advance(30_000)
    await done
  }

  await driverTest(
    t,
    'tells YARN until it has noted it, stops workers, removes the files',
    {},
    async (under, t) => {
      under.requestMany(2)
      await under.clock.advance(3_000)
      await ended(under, 'CANCELED')
      t.equal(under.yarn.finalStatus, 'KILLED')
      t.equal(under.yarn.calls.finish, 2)
      t.same(under.yarn.processes, [])
      t.equal(under.stagingRemovals, 1)
    },
  )

  await driverTest(
    t,
    'registers with a ResourceManager that was restarted meanwhile',
    {},
    async (under, t) => {
      under.yarn.crashResourceManager()
      const done = under.driver.deregisterApplication('SUCCEEDED', '')
      await under.clock.advance(3_000)
      under.yarn.startResourceManager()
      await under.clock.advance(3_000)
      await done
      t.equal(under.yarn.finalStatus, 'SUCCEEDED')
    },
  )

  await driverTest(
    t,
    'gives up after a while without YARN, and removes the files all the same',
    {},
    async (under, t) => {
      under.yarn.crashResourceManager()
      await ended(under, 'SUCCEEDED')
      t.equal(under.yarn.finalStatus, undefined)
      t.equal(under.stagingRemovals, 1)
    },
  )

  await t.test('of a JobManager that never registered tells its end, too', async (t) => {
    const under = new DriverUnderTest()
    await ended(under, 'UNKNOWN')
    t.equal(under.yarn.finalStatus, 'KILLED')
    await under.close()
  })

  await driverTest(
    t,
    'leaves the files to the next attempt when YARN does not know and may start one',
    { mayBeFollowed: true },
    async (under, t) => {
      under.yarn.crashResourceManager()
      await ended(under, 'SUCCEEDED')
      t.equal(under.stagingRemovals, 0)
    },
  )

  await driverTest(
    t,
    'removes the files when YARN knows, whatever may start',
    { mayBeFollowed: true },
    async (under, t) => {
      await ended(under, 'SUCCEEDED')
      t.equal(under.stagingRemovals, 1)
    },
  )

  await driverTest(t, 'does not wait for a heartbeat that nobody answers', {}, async (under, t) => {
    under.yarn.isSilent = true
    await under.clock.advance(10_000)
    const done = under.driver.deregisterApplication('SUCCEEDED', '')
    await under.clock.advance(1_000)
    await done
    t.equal(under.yarn.finalStatus, 'SUCCEEDED')
  })
})

t.test('YarnResourceManagerDriver.terminate', async (t) => {
  await t.test('ends a registration that nobody answers', async (t) => {
    const under = new DriverUnderTest()
    under.yarn.crashResourceManager()
    const initialized = under.initialize()
    const refused = t.rejects(initialized, { code: 'FLINK_YARN_APPLICATION_MASTER' })
    await under.clock.advance(30_000)
    const done = under.driver.terminate()
    await under.clock.advance(100)
    await refused
    await done
    under.yarn.close()
  })
})

t.test('YarnResourceManagerDriver: clocks', async (t) => {
  await driverTest(
    t,
    'a wall clock that is set back does not stop heartbeats',
    {},
    async (under, t) => {
      await under.clock.advance(10_000)
      under.clock.wallOffsetMs = -3_600_000
      under.request()
      const before = under.yarn.calls.allocate
      await under.clock.advance(20_000)
      t.ok(under.yarn.calls.allocate >= before + 4)
    },
  )
})
