import t from 'tap'
import { driverTest } from '../support/driver-test.js'
import { spec } from '../support/driver-under-test.js'

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
      const { steps } = under.process.mortal
      operations.length = 0
      steps.length = 0
      await under.running(3)
      const ids = ['taskmanager-00001', 'taskmanager-00002', 'taskmanager-00003']
      const inOrder = ['create', 'replace'].flatMap((step) => ids.map((id) => `${step} ${id}`))
      t.same(
        steps.filter((step) => /^before (create taskm|replace taskm|ACCEPT)/.test(step)),
        [...inOrder, 'ACCEPT'].map((step) => `before ${step}`),
      )
      t.equal(operations.filter((operation) => operation.endsWith('taskCount')).length, 2)
      t.equal(under.store.text('taskCount'), '3')
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
    const { steps } = under.process.mortal
    steps.length = 0
    under.driver.releaseResource({ resourceId: id as never })
    await under.clock.advance(500)
    t.same(
      steps.filter((step) => step.startsWith('before')),
      // KILLING and KILLED are acknowledged.
      [`replace ${id}`, 'KILL', 'ACKNOWLEDGE', `remove ${id}`, 'ACKNOWLEDGE'].map(
        (step) => `before ${step}`,
      ),
    )
    t.same(under.tasks, [])
    t.same(under.store.workers, {})
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
