import t from 'tap'
import { driverTest } from '../support/driver-test.js'
import { nodes, spec } from '../support/driver-under-test.js'

const LIMIT = { memoryMb: 2_500, vcores: 8, others: {} }

t.test('YarnResourceManagerDriver: why requests wait', async (t) => {
  await driverTest(t, 'is not told where containers come soon', {}, async (under, t) => {
    under.requestMany(4)
    await under.clock.advance(120_000)
    t.equal(under.yarn.allocated.length, 4)
    t.strictSame(under.hindrances, [])
  })

  await driverTest(
    t,
    'the queue is full: with the figure that YARN gives, until it has room again',
    { nodes: nodes(1) },
    async (under, t) => {
      under.yarn.queueLimit = LIMIT
      const wanted = under.requestMany(5)
      await under.clock.advance(9_000)
      t.strictSame(under.hindrances, [])
      await under.clock.advance(5_000)
      const why =
        "YARN gives no container of 1000 MB, 1 vcores (3 wanted) in queue 'default'; it says that the application may still get 452 MB, 6 vcores: too little memory for one, unless YARN already keeps a place for it on a node"
      t.strictSame(under.hindrances, [why])
      await under.clock.advance(120_000)
      t.strictSame(under.hindrances, [why], 'once')
      under.yarn.queueLimit = undefined
      await under.clock.advance(5_000)
      t.ok(wanted.every(({ handle }) => handle !== undefined))
      t.strictSame(under.hindrances, [why, undefined])
    },
  )

  await driverTest(
    t,
    'there is room in sum, but on no node',
    { nodes: nodes(3, 1_500) },
    async (under, t) => {
      under.requestMany(4)
      await under.clock.advance(15_000)
      t.strictSame(under.hindrances, [
        "YARN gives no container of 1000 MB, 1 vcores (1 wanted) in queue 'default'; it says that the application may still get 1428 MB, 189 vcores: no node may have as much free, or others come first",
      ])
    },
  )

  await driverTest(
    t,
    'figures that change are told again, after a while',
    { nodes: nodes(1, 512) },
    async (under, t) => {
      under.request()
      await under.clock.advance(15_000)
      under.yarn.queueLimit = { ...LIMIT, memoryMb: 400 }
      await under.clock.advance(10_000)
      t.match(under.hindrances, [/512 MB/])
      await under.clock.advance(20_000)
      t.match(under.hindrances, [/512 MB/, /400 MB/])
    },
  )

  await driverTest(
    t,
    'is over when nothing is wanted any more',
    { nodes: nodes(1, 512) },
    async (under, t) => {
      const abort = new AbortController()
      under.request(spec(), { signal: abort.signal })
      await under.clock.advance(15_000)
      t.equal(under.hindrances.length, 1)
      abort.abort()
      await under.clock.advance(2_000)
      t.strictSame(under.hindrances.slice(1), [undefined])
    },
  )

  await driverTest(
    t,
    'YARN does not answer: with its words, until it does',
    { nodes: nodes(1) },
    async (under, t) => {
      under.yarn.crashResourceManager()
      const wanted = under.request()
      await under.clock.advance(5_000)
      t.strictSame(under.hindrances, [], 'it may only be starting again')
      await under.clock.advance(15_000)
      const why = "YARN's ResourceManager cannot be asked: rm:8030: connection refused"
      t.strictSame(under.hindrances, [why])
      under.yarn.startResourceManager()
      await under.clock.advance(10_000)
      t.ok(wanted.handle)
      t.strictSame(under.hindrances, [why, undefined])
    },
  )

  await driverTest(
    t,
    'says which nodes are excluded, and which label is wanted',
    { nodes: nodes(2), configuration: { 'yarn.taskmanager.node-label': 'gpu' } },
    async (under, t) => {
      under.request(spec(), { blockedNodes: new Set(['node1', 'node2']) })
      await under.clock.advance(15_000)
      t.strictSame(under.hindrances, [
        "YARN gives no container of 1000 MB, 1 vcores (1 wanted) on nodes with label 'gpu' in queue 'default'; it says that the application may still get 16384 MB, 128 vcores; excluded nodes: node1, node2",
      ])
    },
  )

  await driverTest(
    t,
    'a term that ends leaves nothing to the next one',
    { nodes: nodes(1, 512) },
    async (under, t) => {
      under.request()
      await under.clock.advance(15_000)
      t.equal(under.hindrances.length, 1)
      await under.driver.terminate()
      await under.initialize()
      await under.clock.advance(15_000)
      t.equal(under.hindrances.length, 1, 'nothing is wanted')
      under.request()
      await under.clock.advance(15_000)
      t.equal(under.hindrances.length, 2)
      t.equal(under.hindrances[0], under.hindrances[1])
    },
  )
})
