import type { ContainerId } from '@flink-ts/hadoop-rpc'
import t from 'tap'
import { simulatedToken } from '../../dist/testing/simulated-container.js'
import { driverTest } from '../support/driver-test.js'
import { DriverUnderTest, nodes, spec } from '../support/driver-under-test.js'

const MB = 1024 * 1024

t.test('YarnResourceManagerDriver: the ResourceManager of YARN', async (t) => {
  await driverTest(
    t,
    'restarted: it is told of open asks and what was given back; workers go on',
    { nodes: nodes(1, 2048) },
    async (under, t) => {
      const all = under.requestMany(4)
      await under.clock.advance(3_000)
      const running = all.filter(({ handle }) => handle)
      t.equal(running.length, 2)
      under.yarn.crashResourceManager()
      await under.clock.advance(60_000)
      under.yarn.startResourceManager()
      await under.clock.advance(10_000)
      t.same([...under.yarn.asks], [[1, 2]])
      t.equal(under.yarn.processes.length, 2)
      under.driver.releaseResource(running[0]!.handle!)
      await under.clock.advance(5_000)
      t.equal(all.filter(({ handle }) => handle).length, 3)
      t.same(under.terminated, [])
      t.equal(under.yarn.calls.register, 2)
    },
  )

  await driverTest(
    t,
    'restarted: what was given back while it was away is given back',
    {},
    async (under, t) => {
      const worker = under.request()
      await under.clock.advance(3_000)
      const node = under.yarn.node(worker.handle!.nodeId!)
      node.crash()
      under.yarn.crashResourceManager()
      under.driver.releaseResource(worker.handle!)
      await under.clock.advance(5_000)
      under.yarn.startResourceManager()
      await under.clock.advance(6_000)
      under.yarn.returnNode(worker.handle!.nodeId!)
      await under.clock.advance(6_000)
      t.same(under.yarn.processes, [])
      t.same(under.yarn.allocated, [])
    },
  )

  await driverTest(
    t,
    'an answer that got lost is had by the same message again',
    {},
    async (under, t) => {
      under.yarn.answersToLose = 1
      const all = under.requestMany(3)
      await under.clock.advance(300)
      under.yarn.answersToLose = 1
      await under.clock.advance(6_000)
      t.ok(all.every(({ handle }) => handle))
      t.equal(under.yarn.allocated.length, 3)
      t.same(under.errors, [])
    },
  )

  await t.test(
    'an answer to the registration that got lost does not end the application',
    async (t) => {
      const under = new DriverUnderTest()
      under.yarn.answersToLose = 1
      const ready = under.initialize()
      await under.clock.advance(3_000)
      await ready
      const wanted = under.request()
      await under.clock.advance(3_000)
      t.ok(wanted.handle)
      await under.close()
    },
  )

  await t.test('away when the ApplicationMaster starts: it waits', async (t) => {
    const under = new DriverUnderTest()
    under.yarn.crashResourceManager()
    let isReady = false
    const ready = under.initialize().then(() => {
      isReady = true
    })
    await under.clock.advance(120_000)
    t.equal(isReady, false)
    under.yarn.startResourceManager()
    await under.clock.advance(6_000)
    t.equal(isReady, true)
    await ready
    await under.close()
  })

  await t.test('for a quarter of an hour', async (t) => {
    const under = new DriverUnderTest()
    under.yarn.crashResourceManager()
    const refused = t.rejects(under.initialize(), {
      code: 'FLINK_YARN_APPLICATION_MASTER',
    })
    await under.clock.advance(1_000_000)
    await refused
    under.yarn.close()
  })

  await driverTest(t, 'tokens that it exchanges are used', {}, async (under, t) => {
    under.yarn.newToken = simulatedToken('YARN_AM_RM_TOKEN', 'next')
    await under.clock.advance(10_000)
    t.equal(under.yarn.newToken, undefined)
  })

  await driverTest(t, 'RESYNC is a restart; SHUTDOWN ends the process', {}, async (under, t) => {
    under.yarn.command = 'RESYNC'
    await under.clock.advance(12_000)
    t.equal(under.yarn.calls.register, 2)
    t.same(under.errors, [])
    under.yarn.command = 'SHUTDOWN'
    await under.clock.advance(12_000)
    t.match(under.errors, [{ code: 'FLINK_YARN_APPLICATION_MASTER' }])
    const { allocate } = under.yarn.calls
    await under.clock.advance(60_000)
    t.equal(under.yarn.calls.allocate, allocate, 'and nothing is told any more')
  })

  await driverTest(
    t,
    'with a newer attempt of the application: the process ends',
    {},
    async (under, t) => {
      under.yarn.newAttempt(true)
      await under.clock.advance(60_000)
      t.match(under.errors, [{ code: 'FLINK_YARN_APPLICATION_MASTER', message: /newer attempt/ }])
    },
  )
})

t.test('YarnResourceManagerDriver: attempts and leadership', async (t) => {
  await t.test(
    'a later attempt whose registration YARN has answered in vain ends: it would not know its containers',
    async (t) => {
      const under = await new DriverUnderTest().start()
      under.requestMany(2)
      await under.clock.advance(3_000)
      await under.driver.terminate()
      under.nextAttempt(true)
      under.yarn.answersToLose = 1
      const refused = t.rejects(under.initialize(), {
        code: 'FLINK_YARN_APPLICATION_MASTER',
      })
      await under.clock.advance(60_000)
      await refused
      t.same(under.recovered, [])
      under.yarn.close()
    },
  )

  await t.test(
    'containers of the attempt before are taken over, and can be released',
    async (t) => {
      const under = await new DriverUnderTest().start()
      const all = under.requestMany(3)
      await under.clock.advance(3_000)
      await under.driver.terminate()
      under.nextAttempt(true)
      await under.start()
      t.same(
        under.recovered.map(({ resourceId }) => resourceId).sort(),
        all.map(({ id }) => id).sort(),
      )
      const next = under.request()
      await under.clock.advance(3_000)
      t.match(next.id, /_0001_02_/)
      under.driver.releaseResource(all[0]!.handle!)
      await under.clock.advance(3_000)
      t.equal(under.yarn.processes.length, 3)
      under.yarn.endContainer(all[1]!.id as ContainerId, 137, '')
      await under.clock.advance(10_000)
      t.match(under.terminated, [[all[1]!.id, /137/]])
      await under.close()
    },
  )

  await t.test('those to whose node no token leads are given back', async (t) => {
    const under = await new DriverUnderTest().start()
    under.requestMany(2)
    await under.clock.advance(3_000)
    await under.driver.terminate()
    under.nextAttempt(true)
    under.yarn.withoutTokens = true
    await under.start()
    t.same(under.recovered, [])
    await under.clock.advance(3_000)
    t.same(under.yarn.processes, [])
    await under.close()
  })

  await driverTest(
    t,
    'leadership that comes back finds the same workers, registered once',
    {},
    async (under, t) => {
      const worker = under.request()
      const waiting = under.request(spec({ totalProcessBytes: 8000 * MB }))
      under.request(spec({ totalProcessBytes: 8000 * MB }))
      const last = under.request(spec({ totalProcessBytes: 8000 * MB }))
      await under.clock.advance(3_000)
      t.ok(worker.handle ?? waiting.handle)
      await under.driver.terminate()
      await under.clock.advance(1)
      t.equal(last.error?.code, 'FLINK_YARN_REQUEST_WITHDRAWN')
      const timers = under.clock.pendingTimers
      await under.clock.advance(10_000)
      t.ok(under.clock.pendingTimers <= timers)
      const before = under.yarn.processes
      await under.start()
      t.same(under.recovered.map(({ resourceId }) => resourceId).sort(), [...before].sort())
      t.equal(under.yarn.calls.register, 1)
      await under.clock.advance(3_000)
      t.same([...under.yarn.allocated].sort(), [...before].sort(), 'old asks are taken back')
    },
  )
})
