import { type Logger, noopLogger } from '@flink-ts/core'
import type { SchedulerListener, SubscriptionEnd } from '@flink-ts/mesos-client'
import { DriverClock } from '@flink-ts/testing/resource-manager-drivers'
import t from 'tap'
import { FrameworkConnection } from '../../dist/framework/framework-connection.js'
import { FrameworkIdentity } from '../../dist/framework/framework-identity.js'
import { WorkerStore } from '../../dist/tasks/worker-store.js'
import { driverTest } from '../support/driver-test.js'
import { agents, DriverUnderTest } from '../support/driver-under-test.js'
import { FRAMEWORK } from '../support/simulation-under-test.js'
import { WorkerEntries } from '../support/worker-entries.js'

const ID_FILE = '/run/id'

async function writeId({ files }: DriverUnderTest, text: string): Promise<void> {
  const stream = await files.create(ID_FILE, 'overwrite')
  await stream.write(Buffer.from(text))
  await stream.close()
}

async function textOfId({ files }: DriverUnderTest): Promise<string | undefined> {
  if (!(await files.exists(ID_FILE))) return undefined
  const stream = await files.open(ID_FILE)
  try {
    const bytes = new Uint8Array(100)
    return Buffer.from(bytes.subarray(0, await stream.read(bytes, 0))).toString()
  } finally {
    await stream.close()
  }
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
    await writeId(under, 'two words')
    await under.lead()
    t.match(under.process.errors, [{ code: 'FLINK_MESOS_FRAMEWORK_ID_FILE' }])
    t.match(under.process.errors[0]?.message, '/run/id')
    await under.driver.deregisterApplication('FAILED', '')
    t.equal(await textOfId(under), 'two words', 'it may be of anybody')
    await under.close()
  })

  await t.test('keeps its id if the cluster ends before that is known', async (t) => {
    const under = new DriverUnderTest({
      isHighlyAvailable: false,
      configuration: { 'mesos.framework-id-file': '/run/id' },
    })
    await writeId(under, 'of-an-earlier-one')
    const open = under.files.open.bind(under.files)
    let answer = () => {}
    const answered = new Promise<void>((resolve) => {
      answer = resolve
    })
    under.files.open = async (path) => {
      await answered
      return open(path)
    }
    await under.lead()
    await under.driver.deregisterApplication('CANCELED', '')
    answer()
    await under.clock.advance(100)
    await under.close()
    under.files.open = open
    t.equal(await textOfId(under), 'of-an-earlier-one')
    t.same(under.process.errors, [])
  })

  await t.test('is not registered if its id could not be kept', async (t) => {
    for (const hasEarlierId of [false, true]) {
      const under = new DriverUnderTest({
        isHighlyAvailable: false,
        configuration: { 'mesos.framework-id-file': '/run/id' },
      })
      if (hasEarlierId) {
        await writeId(under, 'of-an-earlier-one')
      }
      under.files.create = async () => Promise.reject(new Error('this file system is read only'))
      await under.lead()
      t.match(under.process.errors, [{ code: 'FLINK_MESOS_FRAMEWORK_ID_FILE' }])
      t.match(
        under.process.errors[0]?.message,
        /^The file \/run\/id \(mesos.framework-id-file\) cannot be written: this file system is read only;/,
      )
      t.same(under.mesos.frameworks, [])
      let hasEnded = false
      void under.driver.deregisterApplication('FAILED', '').then(() => {
        hasEnded = true
      })
      await under.clock.advance(100)
      t.ok(hasEnded, 'at once, for nobody has heard of it')
      const kept = hasEarlierId ? 'of-an-earlier-one' : undefined
      t.equal(await textOfId(under), kept, 'the framework of the earlier one is still there')
      await under.close()
    }
  })

  await t.test('is torn down if its id cannot be kept after all', async (t) => {
    const under = new DriverUnderTest({
      isHighlyAvailable: false,
      configuration: { 'mesos.framework-id-file': '/run/id' },
    })
    under.files.rename = async () => Promise.reject(new Error('no space left'))
    await under.lead()
    t.match(under.process.errors, [{ code: 'FLINK_MESOS_FRAMEWORK_ID_FILE' }])
    t.equal(under.mesos.frameworks.length, 1)
    await under.clock.advance(6_000)
    t.same(under.process.lines, [], 'there is a master')
    let hasEnded = false
    void under.driver.deregisterApplication('FAILED', '').then(() => {
      hasEnded = true
    })
    await under.clock.advance(200)
    t.ok(hasEnded)
    t.equal(under.calls('TEARDOWN').length, 1)
    t.same(under.mesos.frameworks, [])
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
      t.same(under.mesos.frameworks, [], 'the master has forgotten it')
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

t.test('MesosResourceManagerDriver: a framework that is no more', async (t) => {
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

t.test('FrameworkConnection.close waits until a scheduler that has ended is closed', async (t) => {
  const clock = new DriverClock()
  const store = new WorkerStore({ store: new WorkerEntries().lead(), clock, log: noopLogger })
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
