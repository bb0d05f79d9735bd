import type { ContainerId } from '@flink-ts/hadoop-rpc'
import t from 'tap'
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
