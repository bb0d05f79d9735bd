import { noopLogger } from '@flink-ts/core'
import { type FrameworkInfo, MesosCallError, type SchedulerListener } from '@flink-ts/mesos-client'
import { DriverClock } from '@flink-ts/testing/resource-manager-drivers'
import t from 'tap'
import { FrameworkConnection } from '../../dist/framework/framework-connection.js'
import { FrameworkIdentity } from '../../dist/framework/framework-identity.js'
import { WorkerStore } from '../../dist/tasks/worker-store.js'
import { DriverUnderTest } from '../support/driver-under-test.js'
import { FRAMEWORK } from '../support/simulation-under-test.js'
import { WorkerEntries } from '../support/worker-entries.js'

t.test('a framework whose id is not kept goes with its process', async (t) => {
  const under = new DriverUnderTest()
  // The id cannot be kept.
  await under.lead(0)
  under.store.happens = () => false
  under.store.outcomesToLose = 1_000
  while (under.mesos.frameworks.length === 0) await under.clock.advance(1)
  await under.clock.advance(10)
  t.equal(under.mesos.frameworks[0]?.info.failoverTimeoutSeconds, 0)
  under.process.mortal.die()
  await under.clock.advance(1_000)
  t.same(under.mesos.frameworks, [], 'nothing is left that nobody knows')

  under.store.outcomesToLose = 0
  under.newProcess()
  await under.lead(5_000)
  t.equal(under.mesos.frameworks.length, 1)
  t.equal(under.mesos.frameworks[0]?.info.failoverTimeoutSeconds, 604_800)
  const ids = await under.running(1)
  under.mesos.cutConnection(under.frameworkId)
  await under.clock.advance(3_000)
  t.same(under.tasks, ids, 'what was kept is waited for')
  t.equal(under.mesos.frameworks[0]?.info.failoverTimeoutSeconds, 604_800)
  t.equal(under.calls('UPDATE_FRAMEWORK').length, 1)
  await under.close()
})

t.test('a stream that breaks before the id is kept costs nothing', async (t) => {
  const under = new DriverUnderTest()
  const wanted = await under.lead(0).then(() => under.request())
  while (under.mesos.frameworks.length === 0) await under.clock.advance(1)
  const [first] = under.mesos.frameworks
  under.store.happens = () => false
  under.store.outcomesToLose = 3
  await under.clock.advance(3)
  under.mesos.cutConnection(first!.id)
  await under.clock.advance(60_000)
  t.ok(wanted.handle, 'the request is satisfied by the next framework')
  t.equal(under.mesos.frameworks.length, 1)
  t.equal(under.mesos.frameworks[0]?.info.failoverTimeoutSeconds, 604_800)
  t.equal(under.store.text('frameworkId'), under.mesos.frameworks[0]?.id)
  t.same(under.process.errors, [])
  await under.close()
})

t.test('a master that cannot change a framework is told of another one at once', async (t) => {
  const clock = new DriverClock()
  const kept = new WorkerEntries()
  const store = new WorkerStore({ store: kept.lead(), clock, log: noopLogger })
  const started: FrameworkInfo[] = []
  const connected: boolean[] = []
  let closed = 0
  const noop = () => {}
  const connection = new FrameworkConnection({
    clock,
    log: noopLogger,
    tell: noop,
    framework: FRAMEWORK,
    identity: new FrameworkIdentity(store, undefined),
    createScheduler: async () => ({
      start: (framework: FrameworkInfo, listener: SchedulerListener) => {
        started.push(framework)
        const frameworkId = `f-${started.length}`
        clock.schedule(1, () => listener.onSubscribed({ frameworkId, master: 'm:5050' }))
      },
      call: async () => {
        throw new MesosCallError('refused', "Expecting 'type' to be present")
      },
      close: async () => void closed++,
    }),
    handler: {
      onConnected: (isKnown) => void connected.push(isKnown),
      onDisconnected: noop,
      onEvent: noop,
      onEnded: noop,
      onFailed: (error) => t.fail(String(error)),
    },
  })
  await connection.open()
  await clock.advance(1_000)
  t.same(
    started.map(({ id, failoverTimeoutSeconds }) => [id, failoverTimeoutSeconds]),
    [
      [undefined, 0],
      [undefined, FRAMEWORK.failoverTimeoutSeconds],
    ],
  )
  t.ok(FRAMEWORK.failoverTimeoutSeconds > 0)
  t.same([closed, connected], [1, [false]])
  t.equal(kept.text('frameworkId'), 'f-2')
  await connection.close()
  t.equal(clock.pendingTimers, 0)
})
