import type { ContainerId } from '@flink-ts/hadoop-rpc'
import t from 'tap'
import { simulatedToken } from '../../dist/testing/simulated-container.js'
import { driverTest } from '../support/driver-test.js'
import { DriverUnderTest, nodes, spec } from '../support/driver-under-test.js'

const MB = 1024 * 1024

t.test('YarnResourceManagerDriver: requests', async (t) => {
  await driverTest(
    t,
    'a worker is granted when its container was started, and named after it',
    {},
    async (under, t) => {
      const wanted = under.request()
      await under.clock.advance(3_000)
      t.match(wanted.handle, { resourceId: /^container_1700000000000_0001_01_/, nodeId: /^node/ })
      t.same(under.yarn.processes, [wanted.id])
      t.equal(under.driver.canStartWorkers, true)
      const node = under.yarn.nodes.find(({ processes }) => processes.size > 0)!
      const { commands, environment } = node.processes.get(wanted.id)!.launchContext!
      t.equal(commands.length, 1)
      t.match(
        commands[0],
        '/usr/bin/node --max-old-space-size=116 --max-semi-space-size=4 ./flink-ts/mains/task-manager.js --configDir .',
      )
      t.match(commands[0], `-Dtaskmanager.resource-id=${wanted.id}`)
      t.match(commands[0], '-Djobmanager.rpc.address=jm-host -Djobmanager.rpc.port=6123')
      t.match(commands[0], '-Dtaskmanager.memory.process.size=1048576000b')
      t.same(environment, { A: 'b' })
    },
  )

  await driverTest(
    t,
    'the first ask goes out at once; then heartbeats are slow',
    { nodeHeartbeatMs: 10 },
    async (under, t) => {
      await under.clock.advance(20_000)
      const { allocate } = under.yarn.calls
      t.ok(allocate <= 6, `one heartbeat in five seconds: ${allocate}`)
      const wanted = under.request()
      await under.clock.advance(5)
      t.equal(under.yarn.calls.allocate, allocate + 1)
      await under.clock.advance(300)
      t.ok(wanted.handle, 'and comes soon where there is room')
    },
  )

  await driverTest(
    t,
    'heartbeats come every container-request-interval while containers are pending',
    { nodes: nodes(1, 100) },
    async (under, t) => {
      under.request()
      await under.clock.advance(5_000)
      const before = under.yarn.calls.allocate
      await under.clock.advance(10_000)
      t.equal(Math.round((under.yarn.calls.allocate - before) / 2), 10)
    },
  )

  await driverTest(
    t,
    'sizes: MB and vcores are rounded up, one priority per size, told once',
    { nodes: nodes(1, 100) },
    async (under, t) => {
      under.request(spec({ totalProcessBytes: 1000 * MB + 1, cpuCores: 1.5 }))
      under.request(spec({ totalProcessBytes: 1000 * MB + 1, cpuCores: 1.5 }))
      under.request(spec({ totalProcessBytes: 2000 * MB }))
      await under.clock.advance(5_000)
      t.same(
        [...under.yarn.asks],
        [
          [1, 2],
          [2, 1],
        ],
      )
      t.same(under.yarn.askSizes, ['1001 MB, 2 vcores', '2000 MB, 1 vcores'])
    },
  )

  await driverTest(
    t,
    'vcores, external resources and a node label are asked as configured',
    {
      nodes: nodes(1, 100),
      maximum: { memoryMb: 8192, vcores: 8, others: { 'yarn.io/gpu': 4 } },
      configuration: {
        'yarn.containers.vcores': '3',
        'external-resources': 'gpu;fpga',
        'external-resource.gpu.amount': '2',
        'external-resource.gpu.yarn.config-key': 'yarn.io/gpu',
        'external-resource.fpga.amount': '2',
        'yarn.taskmanager.node-label': 'fast',
      },
    },
    async (under, t) => {
      under.request()
      await under.clock.advance(1_000)
      t.same(under.yarn.askSizes, ['1000 MB, 3 vcores, yarn.io/gpu 2'])
      t.same(under.yarn.askLabels, ['fast'])
    },
  )

  await driverTest(
    t,
    'why a container was killed is asked of its node when its TaskManager is gone',
    { nodeHeartbeatMs: 60_000 },
    async (under, t) => {
      const wanted = under.request()
      await under.clock.advance(120_000)
      const { handle } = wanted
      under.driver.workerDisconnected(handle!)
      await under.clock.advance(700)
      t.same(under.terminated, [], 'it is still on its way down')
      const node = under.yarn.nodes.find(({ processes }) => processes.size > 0)!
      node.end(wanted.id as ContainerId, -104, 'beyond the PHYSICAL memory limit')
      await under.clock.advance(600)
      t.match(under.terminated, [[wanted.id, /-104: it used more memory.*PHYSICAL memory limit/]])
      await under.clock.advance(120_000)
      t.equal(under.terminated.length, 1, 'YARN says it, too')
    },
  )

  await driverTest(
    t,
    'a node that is silent, or whose container lives, is asked for five seconds only',
    { nodeHeartbeatMs: 60_000 },
    async (under, t) => {
      const [lives, silent] = [under.request(), under.request()]
      await under.clock.advance(120_000)
      const statusCalls = () => under.yarn.nodes.map(({ statusCalls }) => statusCalls)
      under.driver.workerDisconnected(lives.handle!)
      under.driver.workerDisconnected(silent.handle!)
      for (const node of under.yarn.nodes) node.answersToLose = 3
      await under.clock.advance(60_000)
      t.same(under.terminated, [])
      t.ok(Math.max(...statusCalls()) <= 20, 'ten times for each')
    },
  )

  await driverTest(
    t,
    'a container over the maximum is refused with figures, and nothing else suffers',
    {},
    async (under, t) => {
      const small = under.request()
      const large = under.request(spec({ totalProcessBytes: 9000 * MB }))
      const wide = under.request(spec({ cpuCores: 9 }))
      await under.clock.advance(3_000)
      t.ok(small.handle)
      t.equal(large.error?.code, 'FLINK_YARN_CONTAINER_TOO_LARGE')
      t.match(large.error?.message, /9000 MB, 1 vcores.*largest has 8192 MB, 8 vcores/)
      t.match(wide.error?.message, /yarn.containers.vcores/)
    },
  )

  await driverTest(
    t,
    'a size that only YARN knows to be too large is found among several',
    {},
    async (under, t) => {
      under.yarn.maximum = { memoryMb: 2048, vcores: 8, others: {} }
      const small = under.request()
      const large = under.request(spec({ totalProcessBytes: 4000 * MB }))
      const medium = under.request(spec({ totalProcessBytes: 2000 * MB }))
      await under.clock.advance(4_000)
      t.ok(small.handle)
      t.ok(medium.handle)
      t.equal(large.error?.code, 'FLINK_YARN_CONTAINER_REFUSED')
      t.match(large.error?.message, /4000 MB.*Requested memory 4000, maximum 2048/)
    },
  )

  await driverTest(
    t,
    'a request that is taken back lowers the ask',
    { nodes: nodes(1, 100) },
    async (under, t) => {
      const abort = new AbortController()
      const wanted = under.request(spec(), { signal: abort.signal })
      under.request()
      await under.clock.advance(2_000)
      t.same([...under.yarn.asks], [[1, 2]])
      abort.abort()
      await under.clock.advance(100)
      t.same([...under.yarn.asks], [[1, 1]])
      t.equal(wanted.error?.code, 'FLINK_YARN_REQUEST_WITHDRAWN')
    },
  )

  await driverTest(
    t,
    'a request that is taken back while its container starts gives that back',
    { latencyMs: 100 },
    async (under, t) => {
      const abort = new AbortController()
      const wanted = under.request(spec(), { signal: abort.signal })
      while (under.yarn.processes.length === 0) await under.clock.advance(10)
      abort.abort()
      await under.clock.advance(5_000)
      t.equal(wanted.error?.code, 'FLINK_YARN_REQUEST_WITHDRAWN')
      t.same(under.yarn.processes, [])
      t.same(under.yarn.allocated, [])
      t.same(under.terminated, [])
    },
  )

  await driverTest(
    t,
    'containers that nobody asked for are given back at once',
    {},
    async (under, t) => {
      const wanted = under.request()
      under.yarn.surplus = 3
      await under.clock.advance(3_000)
      t.same(under.yarn.processes, [wanted.id])
      t.same(under.yarn.allocated, [wanted.id])
    },
  )

  await driverTest(
    t,
    'blocked nodes are excluded, and come back',
    { nodes: nodes(3) },
    async (under, t) => {
      const first = under.request(spec(), { blockedNodes: new Set(['node1', 'node3']) })
      await under.clock.advance(3_000)
      t.equal(first.handle?.nodeId, 'node2')
      t.same([...under.yarn.blacklist], ['node1', 'node3'])
      under.request(spec(), { blockedNodes: new Set(['node2']) })
      await under.clock.advance(3_000)
      t.same([...under.yarn.blacklist], ['node2'])
    },
  )

  await t.test('500 containers: messages grow with time, not with containers', async (t) => {
    const cost = async (count: number) => {
      const under = await new DriverUnderTest({ nodes: nodes(50, 16_384) }).start()
      const all = under.requestMany(count)
      const { allocate } = under.yarn.calls
      let tookMs = 0
      while (!all.every(({ handle }) => handle)) {
        await under.clock.advance(50)
        tookMs += 50
      }
      const calls = under.yarn.calls.allocate - allocate
      const starts = under.yarn.nodes.reduce((sum, node) => sum + node.startCalls, 0)
      t.equal(under.yarn.processes.length, count)
      await under.close()
      return { tookMs, calls, starts }
    }
    const large = await cost(500)
    const small = await cost(50)
    t.ok(large.tookMs <= 3_000, `${large.tookMs} ms`)
    t.ok(large.calls <= small.calls + 12, `${large.calls} and ${small.calls} heartbeats`)
    t.ok(large.starts <= 100, `${large.starts} messages to 50 nodes`)
  })
})

t.test('YarnResourceManagerDriver: starts', async (t) => {
  await driverTest(
    t,
    'a start that its node refuses fails the request, and excludes the node',
    { nodes: nodes(2) },
    async (under, t) => {
      under.yarn.node('node1').startFailure = 'No space left on device'
      const all = under.requestMany(16)
      await under.clock.advance(5_000)
      const failed = all.filter(({ error }) => error !== undefined)
      t.ok(failed.length > 0)
      t.equal(failed[0]?.error?.code, 'FLINK_YARN_CONTAINER_START')
      t.match(
        failed[0]?.error?.message,
        /container_\S+ could not be started on node1: No space left/,
      )
      t.same([...under.yarn.blacklist], ['node1'])
      t.equal(under.yarn.allocated.length, 16 - failed.length)
      await under.clock.advance(65_000)
      t.same([...under.yarn.blacklist], [], 'for a while')
    },
  )

  await driverTest(
    t,
    'the last node of a cluster is never excluded',
    { nodes: nodes(1) },
    async (under, t) => {
      under.yarn.node('node1').startFailure = 'no'
      const first = under.request()
      await under.clock.advance(3_000)
      t.ok(first.error)
      t.same([...under.yarn.blacklist], [])
    },
  )

  await driverTest(
    t,
    'a node that does not answer is asked again, then its containers have failed',
    { nodes: nodes(1), nodeExpiryMs: 600_000 },
    async (under, t) => {
      const first = under.request()
      while (under.yarn.allocated.length === 0) await under.clock.advance(1)
      under.yarn.node('node1').crash()
      await under.clock.advance(2_000)
      under.yarn.returnNode('node1')
      await under.clock.advance(3_000)
      t.ok(first.handle, 'it came back in time')
      const second = under.request()
      while (under.yarn.allocated.length === 1) await under.clock.advance(1)
      under.yarn.node('node1').crash()
      await under.clock.advance(30_000)
      t.match(second.error?.message, /connection refused/)
    },
  )

  await driverTest(
    t,
    'a start whose answer got lost is not done twice',
    { nodes: nodes(1) },
    async (under, t) => {
      under.yarn.node('node1').answersToLose = 1
      const wanted = under.request()
      await under.clock.advance(5_000)
      t.ok(wanted.handle)
      t.equal(under.yarn.node('node1').starts, 1)
    },
  )

  await driverTest(
    t,
    'a container that expired before its start is asked for again',
    { nodes: nodes(2), allocationExpiryMs: 1_500, nodeExpiryMs: 600_000 },
    async (under, t) => {
      under.yarn.node('node2').crash()
      const wanted = under.request()
      while (under.yarn.allocated.length === 0) await under.clock.advance(1)
      under.yarn.node('node1').crash()
      await under.clock.advance(2_500)
      under.yarn.returnNode('node1')
      await under.clock.advance(6_000)
      t.equal(wanted.error, undefined)
      t.match(wanted.id, /_000003$/)
      t.same(under.yarn.allocated, [wanted.id])
    },
  )

  await driverTest(
    t,
    'a container that ends while it is started fails the request',
    { latencyMs: 50 },
    async (under, t) => {
      for (const node of under.yarn.nodes) node.answersToLose = 1
      const wanted = under.request()
      while (under.yarn.processes.length === 0) await under.clock.advance(1)
      under.yarn.endContainer(under.yarn.processes[0]!, 1, 'Cannot find module')
      await under.clock.advance(12_000)
      t.match(wanted.error?.message ?? under.terminated[0]?.[1], /exit code 1.*Cannot find module/)
    },
  )
})

t.test('YarnResourceManagerDriver: ends of workers', async (t) => {
  const oneWorker = async (under: DriverUnderTest) => {
    const wanted = under.request()
    await under.clock.advance(3_000)
    t.ok(wanted.handle)
    return wanted
  }

  await driverTest(
    t,
    'are told once, with the exit code in words and what YARN says',
    {},
    async (under, t) => {
      const cases: [number, RegExp][] = [
        [-104, /more memory than it was given: raise taskmanager.memory.process.size/],
        [-102, /preempted it for another application/],
        [134, /heap was full/],
        [137, /was killed, by somebody or by the system/],
        [143, /SIGTERM/],
        [7, /exit code 7; YARN says: last line of stderr/],
      ]
      for (const [code, words] of cases) {
        const { id } = await oneWorker(under)
        under.yarn.endContainer(id, code, 'last line of stderr')
        await under.clock.advance(12_000)
        const told = under.terminated.filter(([ended]) => ended === id)
        t.equal(told.length, 1)
        t.match(told[0]?.[1], words)
        t.match(told[0]?.[1], `exit code ${code}`)
      }
    },
  )

  await driverTest(
    t,
    'of a lost node: told as lost; its process that outlived it is unknown',
    { nodes: nodes(2) },
    async (under, t) => {
      const worker = await oneWorker(under)
      under.yarn.node(worker.handle!.nodeId!).crash()
      await under.clock.advance(30_000)
      t.match(under.terminated, [[worker.id, /its node is lost.*\*lost\* node/]])
      t.same(under.yarn.processes, [worker.id])
      under.yarn.returnNode(worker.handle!.nodeId!)
      await under.clock.advance(10_000)
      t.same(under.yarn.processes, [])
      t.equal(under.terminated.length, 1)
    },
  )

  await driverTest(
    t,
    'of a lost node that a restarted YARN takes for ours again: given back, and not taken over',
    { nodes: nodes(2) },
    async (under, t) => {
      const worker = await oneWorker(under)
      under.yarn.node(worker.handle!.nodeId!).crash()
      await under.clock.advance(30_000)
      t.equal(under.terminated.length, 1)
      under.yarn.crashResourceManager()
      await under.clock.advance(1_000)
      under.yarn.startResourceManager()
      await under.clock.advance(10_000)
      t.same(under.yarn.processes, [worker.id])
      under.yarn.returnNode(worker.handle!.nodeId!)
      await under.clock.advance(20_000)
      t.same(under.yarn.processes, [], 'it has ended')
      t.same([under.yarn.allocated, under.recovered], [[], []])
    },
  )

  await driverTest(
    t,
    'of released ones are not told; they are stopped on their node at once',
    {},
    async (under, t) => {
      const worker = await oneWorker(under)
      await under.clock.advance(1_000)
      under.driver.releaseResource(worker.handle!)
      under.driver.releaseResource(worker.handle!)
      await under.clock.advance(10)
      t.same(under.yarn.processes, [])
      await under.clock.advance(20_000)
      t.same(under.terminated, [])
      t.same(under.yarn.allocated, [])
    },
  )

  await driverTest(t, 'that YARN announced are said to have been', {}, async (under, t) => {
    const worker = await oneWorker(under)
    const id = worker.id as ContainerId
    under.yarn.preemption = { strict: [id], negotiable: [] }
    await under.clock.advance(6_000)
    under.yarn.preemption = undefined
    under.yarn.endContainer(id, -102, 'Container preempted by scheduler')
    await under.clock.advance(10_000)
    t.match(under.terminated, [[id, /YARN had said that it would take it/]])
  })
})

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
