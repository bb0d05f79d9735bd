import { type Logger, noopLogger } from '@flink-ts/core'
import type { SchedulerListener, SubscriptionEnd } from '@flink-ts/mesos-client'
import t, { type Test } from 'tap'
import { FrameworkConnection } from '../../dist/framework/framework-connection.js'
import { FrameworkIdentity } from '../../dist/framework/framework-identity.js'
import { WorkerStore } from '../../dist/tasks/worker-store.js'
import { agents, DriverUnderTest, type OpenOptions } from '../support/driver-under-test.js'
import { FRAMEWORK } from '../support/simulation-under-test.js'
import { TestStore } from '../support/test-store.js'
import { VirtualClock } from '../support/virtual-clock.js'

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

t.test('MesosResourceManagerDriver: the framework', async (t) => {
  await driverTest(
    t,
    'registers as it is configured, and keeps its id',
    {
      configuration: {
        'mesos.resourcemanager.framework.name': 'orders',
        'mesos.resourcemanager.framework.role': 'eng/flink,*',
        'mesos.resourcemanager.framework.principal': 'me',
        'mesos.resourcemanager.framework.user': 'nobody',
      },
    },
    async (under, t) => {
      const [framework] = under.mesos.frameworks
      t.match(framework?.info, {
        name: 'orders',
        user: 'nobody',
        roles: ['eng/flink', '*'],
        principal: 'me',
        failoverTimeoutSeconds: 604_800,
        checkpoint: true,
        hostname: 'jm',
        webuiUrl: 'http://jm:8081',
        capabilities: ['PARTITION_AWARE', 'TASK_KILLING_STATE', 'MULTI_ROLE'],
      })
      t.equal(under.store.text('frameworkId'), framework?.id)
      t.match(under.process.lines, [/Registered with Mesos at master1:5050 as framework/])
    },
  )

  await driverTest(
    t,
    'is soon given up by Mesos where nobody could come back as it',
    { isHighlyAvailable: false },
    async (under, t) => {
      t.equal(under.mesos.frameworks[0]?.info.failoverTimeoutSeconds, 120)
    },
  )

  await driverTest(
    t,
    'keeps its id in a file that only its user reads',
    { isHighlyAvailable: false, configuration: { 'mesos.framework-id-file': '/run/id' } },
    async (under, t) => {
      const status = await under.files.getFileStatus('/run/id')
      t.equal(status.mode & 0o777, 0o600)
      t.equal(Number(status.lengthBytes), under.frameworkId.length + 1)
      t.equal(under.mesos.frameworks[0]?.info.failoverTimeoutSeconds, 604_800)
      t.same(
        (await under.files.list('/run')).map(({ path }) => path.split('/').at(-1)),
        ['id'],
      )
    },
  )

  await t.test('refuses a file that holds something else', async (t) => {
    const under = new DriverUnderTest({
      isHighlyAvailable: false,
      configuration: { 'mesos.framework-id-file': '/run/id' },
    })
    const stream = await under.files.create('/run/id', 'overwrite')
    await stream.write(Buffer.from('two words'))
    await stream.close()
    await under.lead()
    t.match(under.process.errors, [{ code: 'FLINK_MESOS_FRAMEWORK_ID_FILE' }])
    t.match(under.process.errors[0]?.message, '/run/id')
    await under.close()
  })

  await t.test(
    'is not used before its id is kept, though the stream breaks meanwhile',
    async (t) => {
      const under = new DriverUnderTest()
      const wanted = await under.lead(0).then(() => under.request())
      while (under.mesos.frameworks.length === 0) await under.clock.advance(1)
      under.store.happens = () => false
      under.store.outcomesToLose = 6
      await under.clock.advance(10)
      under.mesos.cutConnection(under.frameworkId)
      await under.clock.advance(3_000)
      t.ok(under.mesos.frameworks[0]?.stream, 'there is another subscription')
      t.ok(under.store.outcomesToLose > 0, 'and the id is not kept yet')
      t.same(under.calls('REVIVE'), [])
      await under.restart(10_000)
      t.equal(under.mesos.tasks.length, 0, 'nothing runs that the next leader could not find')
      t.equal(wanted.id, '')
      await under.close()
    },
  )

  await driverTest(
    t,
    'waits for a master, saying less and less often why there is none',
    {},
    async (under, t) => {
      under.mesos.crashMaster()
      await under.clock.advance(100)
      const wanted = under.request()
      await under.clock.advance(300_000)
      const seconds = under.process.lines.map((line) => / for (\d+) s:/.exec(line)?.[1])
      // The person at the console is told, too.
      t.same(seconds.slice(1), ['5', '15', '35', '75', '135', '195', '255'])
      t.match(under.process.lines[1], /No connection with a master of Mesos for 5 s/)
      under.mesos.startMaster()
      await under.clock.advance(20_000)
      t.ok(wanted.handle)
    },
  )
})

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

t.test('MesosResourceManagerDriver: maintenance', async (t) => {
  const told: unknown[] = []
  const log: Logger = {
    ...noopLogger,
    info: (message, fields) => {
      if (message.startsWith('The operator wants')) told.push(fields)
    },
    child: () => log,
  }
  await driverTest(
    t,
    'TaskManagers stay where machines are wanted back, which is said once',
    { log },
    async (under, t) => {
      const [id] = await under.running(1)
      const agent = under.mesos.agents.find(({ tasks }) => tasks.length > 0)!
      for (const fromMs of [1e12, 1e12, 2e12]) {
        under.mesos.planMaintenance(agent, fromMs)
        await under.clock.advance(100)
      }
      t.match(told, [{ unavailableFromMs: 1e12 }, { unavailableFromMs: 2e12 }])
      t.equal(told.length, 2)
      t.match(under.calls('DECLINE_INVERSE_OFFERS'), [
        { refuseSeconds: 3_600 },
        { refuseSeconds: 3_600 },
        { refuseSeconds: 3_600 },
      ])
      t.same(under.tasks, [id])
    },
  )
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

t.test('MesosResourceManagerDriver: ends', async (t) => {
  await t.test('also while it is being registered', async (t) => {
    const under = new DriverUnderTest()
    under.mesos.crashMaster()
    await under.lead(1_000)
    let hasEnded = false
    void under.driver.deregisterApplication('SUCCEEDED', '').then(() => {
      hasEnded = true
    })
    under.mesos.startMaster()
    await under.clock.advance(1_999)
    t.ok(hasEnded)
    t.equal(under.calls('TEARDOWN').length, 1)
    t.equal(under.mesos.frameworks.length, 0)
    t.same([...under.store.entries.keys()], ['taskCount'])
    await under.close()
  })

  await t.test('and never registers after it', async (t) => {
    const under = new DriverUnderTest()
    under.mesos.crashMaster()
    await under.lead(1_000)
    let hasEnded = false
    void under.driver.deregisterApplication('SUCCEEDED', '').then(() => {
      hasEnded = true
    })
    await under.clock.advance(2_100)
    t.ok(hasEnded)
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
    let hasEnded = false
    void under.driver.deregisterApplication('FAILED', 'it failed').then(() => {
      hasEnded = true
    })
    await under.clock.advance(4_000)
    t.notOk(hasEnded)
    await under.clock.advance(10_000)
    t.ok(hasEnded)
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
      let hasEnded = false
      void under.driver.deregisterApplication('CANCELED', '').then(() => {
        hasEnded = true
      })
      await under.clock.advance(19_000)
      t.notOk(hasEnded)
      await under.clock.advance(2_000)
      t.ok(hasEnded)
      t.ok(under.store.text('frameworkId'))
    },
  )

  await driverTest(
    t,
    'a framework that was removed registers anew, and all its workers are lost',
    {},
    async (under, t) => {
      const ids = await under.running(3)
      const first = under.frameworkId
      under.process.mortal.die()
      under.mesos.tearDown(first)
      await under.clock.advance(1_000)
      under.newProcess()
      await under.lead(5_000)
      t.same(under.process.recovered.map(({ resourceId }) => resourceId).sort(), [...ids].sort())
      t.same(under.process.terminated.map(([id]) => id).sort(), [...ids].sort())
      t.match(under.process.terminated[0]?.[1], /framework of its task is no more/)
      t.not(under.store.text('frameworkId'), first)
      t.same(under.store.workers, {})
      t.same(under.process.errors, [])
      t.match(await under.running(1), ['taskmanager-00004'])
      t.same(under.tasks, ['taskmanager-00004'])
    },
  )

  await driverTest(
    t,
    'what waits for a place goes on waiting when the framework is removed',
    { agents: [] },
    async (under, t) => {
      const wanted = under.request()
      await under.clock.advance(100)
      under.mesos.tearDown(under.frameworkId)
      await under.clock.advance(3_000)
      t.notOk(wanted.error)
      under.mesos.addAgent(agents(1)[0]!)
      await under.clock.advance(3_000)
      t.ok(wanted.handle)
    },
  )

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

  await t.test('a refused framework ends the process, in the words of the master', async (t) => {
    const under = new DriverUnderTest({
      refuse: () => "Roles { x } are not present in the master's --roles",
    })
    await under.lead()
    t.match(under.process.errors, [{ code: 'FLINK_MESOS_FRAMEWORK_REFUSED' }])
    t.match(under.process.errors[0]?.message, /Roles \{ x \}/)
    await under.close()
  })
})

t.test('FrameworkConnection.close waits until a scheduler that has ended is closed', async (t) => {
  const clock = new VirtualClock()
  const store = new WorkerStore({ store: new TestStore().lead(), clock, log: noopLogger })
  let listener: SchedulerListener | undefined
  let closed = () => {}
  const noop = () => {}
  const ends: SubscriptionEnd[] = []
  const connection = new FrameworkConnection({
    clock,
    log: noopLogger,
    tell: noop,
    framework: FRAMEWORK,
    identity: new FrameworkIdentity(store, undefined),
    createScheduler: async () => ({
      start: (_, heard) => {
        listener = heard
      },
      call: async () => {},
      close: () =>
        new Promise((resolve) => {
          closed = resolve
        }),
    }),
    handler: {
      onConnected: noop,
      onDisconnected: noop,
      onEvent: noop,
      onEnded: (end) => void ends.push(end),
      onFailed: (error) => t.fail(String(error)),
    },
  })
  await connection.open()
  listener?.onEnded({ kind: 'refused', message: 'no' })
  t.equal(ends.length, 1)
  let isClosed = false
  const closing = connection.close().then(() => {
    isClosed = true
  })
  await clock.advance(1_000)
  t.notOk(isClosed)
  closed()
  await closing
  t.equal(clock.pendingTimers, 0)
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
