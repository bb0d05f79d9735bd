import type { ContainerId } from '@flink-ts/hadoop-rpc'
import t from 'tap'
import { driverTest } from '../support/driver-test.js'
import { type DriverUnderTest, nodes } from '../support/driver-under-test.js'

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
