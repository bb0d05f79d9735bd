import t, { type Test } from 'tap'
import { DriverUnderTest, type OpenOptions, spec } from '../support/driver-under-test.js'

/** A subtest with a driver that leads, on a Mesos of its own. */
async function driverTest(
  t: Test,
  name: string,
  options: OpenOptions,
  body: (under: DriverUnderTest, t: Test) => Promise<void>,
): Promise<void> {
  await t.test(name, async (t) => {
    const under = await new DriverUnderTest(options).lead()
    try {
      await body(under, t)
    } finally {
      await under.close()
      t.equal(under.clock.pendingTimers, 0, 'nothing is left that would go on')
    }
  })
}

t.test('MesosResourceManagerDriver: requests', async (t) => {
  await driverTest(
    t,
    'a worker is granted when its task is STARTING, and named after it',
    {},
    async (under, t) => {
      const wanted = under.request()
      await under.clock.advance(2_000)
      t.match(wanted.handle, { resourceId: 'taskmanager-00001', nodeId: /^node/ })
      t.same(under.tasks, ['taskmanager-00001'])
      t.same(under.store.workers, { 'taskmanager-00001': 'Launched' })
      t.same(under.process.recovered, [])
    },
  )

  await driverTest(
    t,
    'what is launched is noted before the master is told, and numbers are taken together',
    {},
    async (under, t) => {
      const { operations } = under.store
      operations.length = 0
      await under.running(3)
      t.equal(operations.filter((operation) => operation.endsWith('taskCount')).length, 2)
      t.equal(under.store.text('taskCount'), '3')
      t.ok(operations.includes('create taskmanager-00003'))
      t.ok(operations.includes('replace taskmanager-00003'))
      t.equal(under.calls('ACKNOWLEDGE').length, 6, 'STARTING and RUNNING of each')
    },
  )

  await driverTest(
    t,
    'nothing is launched, killed or acknowledged while it is not known to be noted',
    {},
    async (under, t) => {
      const { store } = under
      store.happens = () => false
      const isDelayed = async (type: string) => {
        const before = under.calls(type).length
        store.outcomesToLose = 3
        await under.clock.advance(250)
        t.equal(store.outcomesToLose, 1, `${type}: it was tried twice`)
        t.equal(under.calls(type).length, before)
        await under.clock.advance(3_000)
        t.ok(under.calls(type).length > before, type)
      }
      const wanted = under.request()
      await under.clock.advance(3)
      await isDelayed('ACCEPT')
      under.driver.releaseResource(wanted.handle!)
      await isDelayed('KILL')
      const [id] = await under.running(1)
      for (const agent of under.mesos.agents) agent.endTask(id!, 'TASK_FAILED', {})
      await isDelayed('ACKNOWLEDGE')
    },
  )

  await driverTest(
    t,
    'a task that fails before it starts fails its request, in the words of Mesos',
    {},
    async (under, t) => {
      under.mesos.behaviour = () => ({
        launchFailure: {
          message: 'Failed to fetch all URIs',
          reason: 'REASON_CONTAINER_LAUNCH_FAILED',
        },
      })
      const wanted = under.request()
      await under.clock.advance(2_000)
      t.equal(wanted.error?.code, 'FLINK_MESOS_TASK')
      t.match(
        wanted.error?.message,
        /taskmanager-00001.*node\d: TASK_FAILED \(REASON_CONTAINER_LAUNCH_FAILED, SOURCE_AGENT\): Failed to fetch/,
      )
      t.same(under.store.workers, {})
      t.same(under.process.launcher.forgotten, ['taskmanager-00001'])
      t.same(under.process.terminated, [], 'it was never granted')
    },
  )

  await driverTest(
    t,
    'what cannot be launched is refused, and nothing is left of it',
    {},
    async (under, t) => {
      under.process.launcher.failure = new Error('docker needs an image')
      const wanted = under.request()
      await under.clock.advance(2_000)
      t.match(wanted.error?.message, 'docker needs an image')
      t.same(under.store.workers, {})
      t.same(under.tasks, [])
    },
  )

  await driverTest(
    t,
    'a request is withdrawn while it waits: no task comes of it',
    { agents: [] },
    async (under, t) => {
      const abort = new AbortController()
      const wanted = under.request(spec(), { signal: abort.signal })
      await under.clock.advance(2_000)
      t.same(under.store.workers, { 'taskmanager-00001': 'New' })
      abort.abort()
      await under.clock.advance(100)
      t.equal(wanted.error?.code, 'FLINK_MESOS_REQUEST_WITHDRAWN')
      t.same(under.store.workers, {})
    },
  )

  await driverTest(
    t,
    'a request is withdrawn while its task is launched: the task is killed',
    {},
    async (under, t) => {
      under.mesos.behaviour = () => ({ stagingMs: 10_000 })
      const abort = new AbortController()
      const wanted = under.request(spec(), { signal: abort.signal })
      await under.clock.advance(1_500)
      t.same(under.tasks, ['taskmanager-00001'])
      abort.abort()
      await under.clock.advance(500)
      t.equal(wanted.error?.code, 'FLINK_MESOS_REQUEST_WITHDRAWN')
      t.same(under.tasks, [])
      t.same(under.store.workers, {})
    },
  )

  await driverTest(t, 'blocked machines get no task', {}, async (under, t) => {
    const wanted = under.request(spec(), { blockedNodes: new Set(['node1']) })
    await under.clock.advance(2_000)
    t.equal(wanted.handle?.nodeId, 'node2')
  })

  await driverTest(t, 'a released worker is noted, then killed', {}, async (under, t) => {
    const [id] = await under.running(1)
    under.driver.releaseResource({ resourceId: id as never })
    await under.clock.advance(500)
    t.same(under.tasks, [])
    t.same(under.store.workers, {})
    t.ok(under.store.operations.includes(`replace ${id}`))
    t.same(under.process.terminated, [], 'nobody needs to be told')
    under.driver.releaseResource({ resourceId: id as never })
  })

  await driverTest(
    t,
    'a KILL that gets lost is repeated until the task has ended',
    {},
    async (under, t) => {
      const [id] = await under.running(1)
      const agent = under.mesos.agents.find(({ tasks }) => tasks.length > 0)!
      under.mesos.stopAgent(agent)
      under.driver.releaseResource({ resourceId: id as never })
      await under.clock.advance(20_000)
      t.ok(under.calls('KILL').length >= 3)
      under.mesos.startAgent(agent)
      await under.clock.advance(60_000)
      t.same(under.tasks, [])
      t.same(under.store.workers, {})
    },
  )
})

t.test('MesosResourceManagerDriver: what Mesos says of tasks', async (t) => {
  await driverTest(
    t,
    'a place that is gone while it is noted costs no task: another one is found',
    { configuration: { 'mesos.maximum-failed-tasks': '0' } },
    async (under, t) => {
      const wanted = under.request()
      while (under.store.workers['taskmanager-00001'] !== 'New') await under.clock.advance(1)
      under.store.happens = () => false
      under.store.outcomesToLose = 6
      await under.clock.advance(3_000)
      for (const agent of under.mesos.agents) under.mesos.rescindOffers(agent)
      t.equal(under.store.outcomesToLose, 1, 'its place was found, and is being noted')
      await under.clock.advance(60_000)
      t.equal(wanted.id, 'taskmanager-00001')
      t.equal(under.calls('ACCEPT').length, 1)
      t.same(under.store.workers, { 'taskmanager-00001': 'Launched' })
      t.same(under.process.errors, [])
    },
  )

  await driverTest(
    t,
    'a task whose offer is taken back while the master is told has not failed',
    { configuration: { 'mesos.maximum-failed-tasks': '0' } },
    async (under, t) => {
      const wanted = under.request()
      while (under.calls('ACCEPT').length === 0) await under.clock.advance(1)
      for (const agent of under.mesos.agents) under.mesos.rescindOffers(agent)
      await under.clock.advance(1_000)
      t.match(wanted.error, { code: 'FLINK_MESOS_TASK', message: /REASON_INVALID_OFFERS/ })
      t.same(under.process.errors, [])
      t.same(under.store.workers, {})
    },
  )

  await driverTest(
    t,
    'the end of a task is told once, with its reason, noted and acknowledged',
    {},
    async (under, t) => {
      const [id] = await under.running(1)
      under.mesos.updatesToRepeat = 3
      const agent = under.mesos.agents.find(({ tasks }) => tasks.length > 0)!
      agent.endTask(id!, 'TASK_FAILED', { message: 'Command exited with status 3' })
      await under.clock.advance(1_000)
      t.equal(under.process.terminated.length, 1)
      t.match(
        under.process.terminated[0]?.[1],
        /TASK_FAILED.*Command exited with status 3, on node/,
      )
      t.same(under.store.workers, {})
      t.equal(agent.tasks.length, 0, 'the agent needs not repeat it')
    },
  )

  await driverTest(
    t,
    'an unreachable worker is given up at once, and killed when it comes back',
    {},
    async (under, t) => {
      const [id] = await under.running(1)
      const agent = under.mesos.agents.find(({ tasks }) => tasks.length > 0)!
      under.mesos.stopAgent(agent)
      under.mesos.giveUpAgent(agent)
      await under.clock.advance(500)
      t.match(under.process.terminated, [[id, /TASK_UNREACHABLE/]])
      t.same(under.store.workers, { [id!]: 'Released' })
      t.same(under.tasks, [id], 'it runs where nobody reaches it')
      under.mesos.startAgent(agent)
      await under.clock.advance(2_000)
      t.same(under.tasks, [])
      t.same(under.store.workers, {})
      t.equal(under.process.terminated.length, 1)
    },
  )

  await driverTest(
    t,
    'an agent that is shut down, or gone for good, takes its workers along',
    {},
    async (under, t) => {
      const ids = await under.running(6)
      const [first, second] = under.mesos.agents
      under.mesos.shutDownAgent(first!)
      await under.clock.advance(500)
      under.mesos.markAgentGone(second!)
      await under.clock.advance(500)
      t.same(under.process.terminated.map(([id]) => id).sort(), [...ids].sort())
      t.match(
        under.process.terminated.map(([, why]) => why).join(),
        /TASK_LOST.*TASK_GONE_BY_OPERATOR/s,
      )
      t.same(under.store.workers, {})
    },
  )

  await driverTest(
    t,
    'a new master that has not heard of an agent yet is asked again before a worker is given up',
    { keepsRegistry: false, reregisterWithinMs: 40_000, seed: 4 },
    async (under, t) => {
      const ids = await under.running(6)
      under.mesos.failOver(1_000)
      await under.clock.advance(70_000)
      t.same(under.tasks, [...ids].sort())
      t.same(under.process.terminated, [])
      const asked = under.calls('RECONCILE') as { tasks: readonly unknown[] }[]
      t.ok(asked.filter(({ tasks }) => tasks.length > 0).length >= 3)
    },
  )

  await driverTest(
    t,
    'a worker of which a new master never hears is given up after a minute',
    { keepsRegistry: false },
    async (under, t) => {
      const [id] = await under.running(1)
      const agent = under.mesos.agents.find(({ tasks }) => tasks.length > 0)!
      under.mesos.stopAgent(agent)
      under.mesos.failOver(1_000)
      await under.clock.advance(55_000)
      t.same(under.process.terminated, [])
      await under.clock.advance(30_000)
      t.match(under.process.terminated, [[id, /TASK_UNKNOWN/]])
      under.mesos.startAgent(agent)
      await under.clock.advance(700_000)
      t.same(under.tasks, [], 'and killed when it is back all the same')
    },
  )

  await driverTest(
    t,
    'tasks of this framework that nobody knows are killed',
    { isHighlyAvailable: false, configuration: { 'mesos.framework-id-file': '/id/framework' } },
    async (under, t) => {
      await under.running(3)
      await under.restart(10_000)
      t.equal(under.mesos.frameworks.length, 1, 'it came back as the same framework')
      t.same(under.process.recovered, [])
      t.same(under.tasks, [])
      await under.running(1)
      t.match(under.tasks, [/^taskmanager-[0-9a-f]{6}-00001$/])
    },
  )

  await driverTest(
    t,
    'a task that stays STAGING is asked of, and waited for',
    {},
    async (under, t) => {
      under.mesos.behaviour = () => ({ stagingMs: 100_000 })
      const wanted = under.request()
      await under.clock.advance(99_000)
      t.ok(
        under.calls('RECONCILE').filter((call) => (call as { tasks: [] }).tasks.length > 0)
          .length >= 2,
      )
      t.notOk(wanted.error ?? wanted.handle)
      await under.clock.advance(5_000)
      t.ok(wanted.handle)
    },
  )

  await driverTest(
    t,
    'a launch that was lost on its way fails its request',
    { keepsRegistry: true },
    async (under, t) => {
      const wanted = under.request()
      // The offers are on their way.
      await under.clock.advance(3)
      under.mesos.callsToLose = 1
      await under.clock.advance(10_000)
      t.match(wanted.error?.message, /TASK_GONE|TASK_DROPPED|TASK_UNKNOWN/)
      t.same(under.store.workers, {})
      t.same(under.tasks, [])
    },
  )

  await driverTest(t, 'a launch that is refused fails its request', {}, async (under, t) => {
    const wanted = under.request()
    await under.clock.advance(3)
    // SUPPRESS and DECLINE, since nothing more is wanted, and ACCEPT.
    under.mesos.callsToRefuse = 3
    await under.clock.advance(2_000)
    t.match(wanted.error?.message, /400 Bad Request/)
    t.same(under.store.workers, {})
  })

  await driverTest(
    t,
    'mesos.maximum-failed-tasks: one more ends the process',
    { configuration: { 'mesos.maximum-failed-tasks': '2' } },
    async (under, t) => {
      const ids = await under.running(3)
      const fail = async (id: string | undefined) => {
        for (const agent of under.mesos.agents) agent.endTask(id!, 'TASK_FAILED', {})
        await under.clock.advance(500)
      }
      await fail(ids[0])
      await fail(ids[1])
      t.same(under.process.errors, [])
      await fail(ids[2])
      t.match(under.process.errors, [{ code: 'FLINK_MESOS_TOO_MANY_FAILED_TASKS' }])
      t.match(under.process.errors[0]?.message, /3 TaskManagers have failed/)
    },
  )
})
