import t from 'tap'
import { driverTest } from '../support/driver-test.js'

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
        /TASK_FAILED.*Command exited with status 3; its stderr is in the sandbox of task \S+ on agent \S+, on node/,
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
    'the console says that TaskManagers fail again and again, not each time',
    {},
    async (under, t) => {
      const failures = () => under.process.lines.filter((line) => /have failed/.test(line))
      under.mesos.behaviour = () => ({
        launchFailure: { message: 'no', reason: 'REASON_EXECUTOR_TERMINATED' },
      })
      const fail = async (count: number) => {
        for (let i = 0; i < count; i++) {
          under.request()
          await under.clock.advance(2_000)
        }
      }
      await fail(2)
      t.same(failures(), [])
      await fail(5)
      t.match(failures(), [
        /^3 TaskManagers have failed within 5 minutes; the last one: taskmanager-00003 on node/,
      ])
    },
  )

  await driverTest(
    t,
    'the launcher hears where a task has ended with which status, once, before anybody asks for another',
    {},
    async (under, t) => {
      const { launcher, terminated } = under.process
      const heard: unknown[] = []
      launcher.exited = (agentId, status) => {
        heard.push([agentId, status, launcher.forgotten.length + terminated.length])
      }
      under.mesos.behaviour = () => ({
        run: ({ exit }) => {
          exit(167)
          return undefined
        },
      })
      under.mesos.updatesToRepeat = 5
      const wanted = under.request()
      await under.clock.advance(60_000)
      const agent = under.mesos.agents.find(({ spec }) => spec.hostname === wanted.handle?.nodeId)
      t.same(heard, [[agent?.id, 167, 0]])
      t.equal(terminated.length, 1)
    },
  )

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
      t.match(
        under.process.errors[0]?.message,
        /3 TaskManagers have failed.*taskmanager-00003 on node\d: TASK_FAILED/,
      )
    },
  )
})
