import t from 'tap'
import { driverTest } from '../support/driver-test.js'
import { agents, DriverUnderTest } from '../support/driver-under-test.js'

t.test('MesosResourceManagerDriver: from term to term', async (t) => {
  await driverTest(
    t,
    'workers of the leader before are told of at once, also without a master',
    {},
    async (under, t) => {
      const ids = await under.running(3)
      under.mesos.crashMaster()
      await under.restart()
      t.same(under.process.recovered.map(({ resourceId }) => resourceId).sort(), [...ids].sort())
      t.match(under.process.recovered[0]?.nodeId, /^node/)
      under.mesos.startMaster()
      await under.clock.advance(30_000)
      t.same(under.tasks, [...ids].sort())
      t.same(under.process.terminated, [])
      t.equal(under.mesos.frameworks.length, 1)
      t.match(await under.running(1), ['taskmanager-00004'])
    },
  )

  await driverTest(
    t,
    'workers that ended meanwhile are told of, those to be released are killed, wishes forgotten',
    { agents: agents(1) },
    async (under, t) => {
      const [first, second, third] = await under.running(3)
      const agent = under.mesos.agents[0]!
      under.request()
      under.request()
      await under.clock.advance(500)
      under.mesos.stopAgent(agent)
      under.driver.releaseResource({ resourceId: second as never })
      await under.clock.advance(100)
      agent.endTask(third!, 'TASK_FAILED', { message: 'it ran out of memory' })
      under.process.mortal.die()
      under.mesos.startAgent(agent)
      t.match(under.store.workers, { [second!]: 'Released', 'taskmanager-00005': 'New' })
      under.newProcess()
      await under.lead(40_000)
      t.same(
        under.process.terminated.map(([id]) => id),
        [third],
      )
      t.match(under.process.terminated[0]?.[1], 'it ran out of memory')
      t.ok(under.tasks.includes(first!))
      t.notOk(under.tasks.includes(second!))
      t.notOk(Object.values(under.store.workers).includes('New'))
    },
  )

  await driverTest(t, 'leadership comes back to the same process', {}, async (under, t) => {
    const ids = await under.running(2)
    const waiting = under.request()
    await under.terminate()
    t.equal(waiting.error?.code, 'FLINK_MESOS_REQUEST_WITHDRAWN')
    t.equal(under.process.launcher.isRunning, false)
    await under.clock.advance(5_000)
    await under.lead(5_000)
    t.same(
      under.process.recovered
        .map(({ resourceId }) => resourceId)
        .filter((id) => ids.includes(id))
        .sort(),
      [...ids].sort(),
    )
    t.equal(under.mesos.frameworks.length, 1)
    t.match(await under.running(1), [/^taskmanager-/])
  })

  await driverTest(
    t,
    'a refused write ends the term without a word; its workers go on',
    {},
    async (under, t) => {
      const ids = await under.running(2)
      under.store.loseLeadership()
      const wanted = under.request()
      await under.clock.advance(60_000)
      t.equal(wanted.error?.code, 'FLINK_MESOS_REQUEST_WITHDRAWN')
      t.same(under.process.errors, [])
      t.same(under.process.terminated, [])
      t.same(under.tasks, [...ids].sort())
      t.equal(under.mesos.framework(under.frameworkId)?.stream, undefined, 'the stream is closed')
    },
  )

  await driverTest(t, 'a former leader kills nothing of the present one', {}, async (under, t) => {
    const [id] = await under.running(1)
    under.store.loseLeadership()
    under.driver.releaseResource({ resourceId: id as never })
    await under.clock.advance(10_000)
    t.same(under.tasks, [id])
    t.equal(under.calls('KILL').length, 0)
  })

  await driverTest(
    t,
    'a store that cannot be reached delays, and nothing is done twice',
    {},
    async (under, t) => {
      for (const happens of [true, false]) {
        under.store.happens = () => happens
        under.store.outcomesToLose = 6
        const [id] = await under.running(1)
        t.match(id, /^taskmanager-/)
        t.same(under.store.workers, { [id!]: 'Launched' })
        under.store.outcomesToLose = 4
        under.driver.releaseResource({ resourceId: id as never })
        await under.clock.advance(20_000)
        t.same(under.tasks, [])
        t.same(under.store.workers, {})
      }
      t.same(under.process.errors, [])
    },
  )

  await t.test('an entry that cannot be read costs its worker, not the cluster', async (t) => {
    const under = await new DriverUnderTest().lead()
    const [first, second] = await under.running(2)
    under.process.mortal.die()
    under.store.put(first!, 'nonsense')
    under.newProcess()
    await under.lead(10_000)
    t.same(
      under.process.recovered.map(({ resourceId }) => resourceId),
      [second],
    )
    t.same(under.tasks, [second])
    t.same(under.process.errors, [])
    t.same(under.store.workers, { [second!]: 'Launched' })
    await under.close()
  })
})

t.test('MesosResourceManagerDriver: the start of a term', async (t) => {
  await t.test('registers nothing for a leader that leads no more', async (t) => {
    const under = new DriverUnderTest()
    const leading = under.lead()
    under.store.loseLeadership()
    await leading
    await under.clock.advance(10_000)
    t.equal(under.mesos.frameworks.length, 0)
    t.equal(under.schedulers.length, 0)
    t.same(under.process.errors, [])
    await under.close()
    t.equal(under.clock.pendingTimers, 0)
  })

  await t.test('says what keeps it from registering', async (t) => {
    const under = new DriverUnderTest()
    under.store.put('taskCount', 'many')
    await under.lead(10_000)
    t.match(under.process.errors, [{ code: 'FLINK_HA_ENTRY_CORRUPT', message: /taskCount/ }])
    t.equal(under.schedulers.length, 0)
    await under.close()
    t.equal(under.clock.pendingTimers, 0)
  })

  await t.test('begins nothing when it has ended before', async (t) => {
    const under = new DriverUnderTest()
    const leading = under.lead(1_000)
    const ended = under.driver.terminate()
    await leading
    await ended
    t.equal(under.mesos.frameworks.length, 0)
    t.same(under.process.errors, [])
    under.mesos.close()
    t.equal(under.clock.pendingTimers, 0)
  })

  await t.test('ends while the store cannot be read', async (t) => {
    const under = new DriverUnderTest()
    under.store.happens = () => false
    under.store.outcomesToLose = Number.POSITIVE_INFINITY
    await under.lead(1_000)
    t.same(under.process.errors, [], 'it is tried again')
    await under.terminate()
    under.mesos.close()
    t.same(under.process.errors, [])
    t.equal(under.clock.pendingTimers, 0)
  })
})

t.test('MesosResourceManagerDriver: former leaders', async (t) => {
  await driverTest(
    t,
    'a leader takes the framework back from a former one',
    {},
    async (under, t) => {
      const ids = await under.running(2)
      const other = await subscribeToo(under)
      await under.clock.advance(5_000)
      t.notOk(other.isSubscribed)
      t.equal(under.schedulers.length, 2)
      t.ok(
        under.process.closedSchedulers === 1,
        'what the first one had of the machine is given back',
      )
      t.same(under.process.errors, [])
      t.same(under.tasks, [...ids].sort())
      t.equal((await under.running(1)).length, 1)
    },
  )

  await driverTest(t, 'a former leader leaves the framework to the next', {}, async (under, t) => {
    await under.running(1)
    under.store.loseLeadership()
    const other = await subscribeToo(under)
    await under.clock.advance(300_000)
    t.ok(other.isSubscribed)
    t.same(under.process.errors, [])
    await other.close()
  })

  await driverTest(
    t,
    'without high availability whoever is taken over ends at once',
    { isHighlyAvailable: false, configuration: { 'mesos.framework-id-file': '/run/id' } },
    async (under, t) => {
      const other = await subscribeToo(under)
      await under.clock.advance(5_000)
      t.ok(other.isSubscribed)
      t.match(under.process.errors, [{ code: 'FLINK_MESOS_FRAMEWORK_FAILED_OVER' }])
      await other.close()
    },
  )

  await driverTest(
    t,
    'a former leader does not kill what it does not know',
    {},
    async (under, t) => {
      const ids = await under.running(2)
      const known = ids.map((id) => [id, under.store.entries.get(id)] as const)
      for (const id of ids) under.store.entries.delete(id)
      await under.restart()
      // Tasks of the next leader, of which this one has not heard.
      for (const [id, entry] of known) under.store.entries.set(id, entry!)
      under.store.loseLeadership()
      await under.clock.advance(60_000)
      t.same(under.tasks, [...ids].sort())
      t.equal(under.calls('KILL').length, 0)
      t.same(under.process.errors, [])
    },
  )
})

/** Another scheduler of the same framework. */
async function subscribeToo(under: DriverUnderTest) {
  const other = under.mesos.scheduler()
  const noop = () => {}
  other.start(
    { ...under.mesos.frameworks[0]!.info, id: under.frameworkId },
    { onSubscribed: noop, onEvent: noop, onDisconnected: noop, onEnded: noop },
  )
  await under.clock.advance(100)
  return other
}
