import t from 'tap'
import { bytes, HaWorld, LATCH, settle } from './ha-world.js'

const CLUSTER = '/flink/default'
const nodes = (world: HaWorld) => world.zooKeeper.children(LATCH)

t.test('A leader that ends its cluster ends those that wait for their turn first', async (t) => {
  const world = new HaWorld()
  const [a, b, c] = ['a', 'b', 'c'].map((name) => world.process(name, { endOfCluster: 'ends' }))
  for (const each of [a!, b!, c!]) {
    each.contend()
    await settle()
  }
  await a!.stores().namespace('job-results').create('job', bytes('ended'))
  const closed = a!.ha.close({ cleanUp: true })
  await world.advance(1_000, 50)
  await closed
  t.strictSame([a!.clusterEnds, b!.clusterEnds, c!.clusterEnds], [0, 1, 1])
  t.match(
    world.logged.filter(({ message }) => message.startsWith('The cluster has ended')),
    Array(2).fill({ level: 'info', fields: { why: /leader or an operator has ended it/ } }),
  )
  t.strictSame([b!.tokens, c!.tokens], [[], []], 'neither has led: nothing was begun again')
  t.strictSame(world.zooKeeper.paths, [])
  t.strictSame(await world.files(), [])
  t.notMatch(world.warnings(), [/do not end with/])
})

t.test(
  'A leader that ends its cluster puts out those that hang; they end when they go on',
  async (t) => {
    const world = new HaWorld()
    const [a, b] = ['a', 'b'].map((name) => world.process(name, { endOfCluster: 'ends' }))
    for (const each of [a!, b!]) {
      each.contend()
      await settle()
    }
    world.zooKeeper.standStill('b')
    const closed = a!.ha.close({ cleanUp: true })
    await world.advance(500, 50)
    const next = world.process('next', { endOfCluster: 'ends' })
    next.contend()
    await world.advance(6_000, 50)
    await closed
    t.match(world.warnings().join(), /do not end with their cluster/)
    t.equal(next.leads, true, 'who comes meanwhile is of the next cluster')
    world.zooKeeper.goOn('b')
    await world.advance(2_000)
    t.strictSame([b!.tokens, b!.clusterEnds], [[], 1])
    t.strictSame([next.leads, next.clusterEnds], [true, 0])
    await world.advance(2_000)
    t.equal(nodes(world).length, 1, 'it takes no part any more')
    const ended = next.ha.close({ cleanUp: true })
    await world.advance(1_000, 50)
    await ended
    t.strictSame(world.zooKeeper.paths, [])
  },
)

for (const [what, lostMs] of [
  ['whose session lasts', 0],
  ['that have lost their session before', 11_000],
] as const) {
  t.test(`A cluster that has ended is not led again by standbys ${what}`, async (t) => {
    const world = new HaWorld()
    const [a, b] = ['a', 'b'].map((name) => world.process(name, { endOfCluster: 'ends' }))
    for (const each of [a!, b!]) {
      each.contend()
      await settle()
    }
    world.zooKeeper.standStill('b')
    await world.advance(lostMs)
    const closed = a!.ha.close({ cleanUp: true })
    await world.advance(6_000, 50)
    await closed
    world.zooKeeper.goOn('b')
    await world.advance(12_000)
    t.strictSame([b!.tokens, b!.clusterEnds, b!.fatal], [[], 1, []])
    t.strictSame(world.zooKeeper.paths, [], 'nothing is left')
    t.strictSame(await world.files(), [])
  })
}

t.test('A leader and standbys that are stopped in order end no cluster', async (t) => {
  const world = new HaWorld()
  const [a, b] = ['a', 'b'].map((name) => world.process(name, { endOfCluster: 'ends' }))
  for (const each of [a!, b!]) {
    each.contend()
    await settle()
  }
  await a!.ha.close()
  await world.advance(1_000)
  t.strictSame([b!.leads, b!.clusterEnds], [true, 0])
  world.zooKeeper.cut('b')
  await world.advance(12_000)
  world.zooKeeper.restore('b')
  await world.advance(2_000)
  t.strictSame([b!.leads, b!.clusterEnds], [true, 0], 'nor is one ended whose JobManager was away')
  await b!.ha.close()
  t.strictSame(world.zooKeeper.paths, [])
})

for (const [what, isNext, why] of [
  ['stopped', false, /nothing is left of it.*all of its other JobManagers were stopped/],
  ['stopped and started again', true, /another one has begun.*start this JobManager anew/],
] as const) {
  t.test(`A standby that was away while all others were ${what} says why it ends`, async (t) => {
    const world = new HaWorld()
    const [a, b] = ['a', 'b'].map((name) => world.process(name, { endOfCluster: 'ends' }))
    for (const each of [a!, b!]) {
      each.contend()
      await settle()
    }
    world.zooKeeper.cut('b')
    await world.advance(12_000)
    await a!.ha.close()
    const next = isNext ? world.process('next', { endOfCluster: 'ends' }) : undefined
    next?.contend()
    await settle()
    world.zooKeeper.restore('b')
    await world.advance(5_000)
    t.strictSame([b!.tokens, b!.clusterEnds, b!.fatal], [[], 1, []], 'it has not led')
    const told = world.logged.filter(({ message }) => message.startsWith('The cluster has ended'))
    t.match(told, [{ level: 'warn', fields: { node: CLUSTER, why } }])
    t.equal(told.length, 1, 'and nobody else says so')
    t.equal(next?.leads ?? false, isNext, 'whoever has begun anew goes on')
    await next?.ha.close()
    t.strictSame(world.zooKeeper.paths, [])
  })
}

for (const [what, isWiped] of [
  ['others have made its node anew', false],
  ['it is empty', true],
] as const) {
  t.test(`A process that knew an ensemble before it lost its data says so: ${what}`, async (t) => {
    const world = new HaWorld()
    const a = world.process('a', { endOfCluster: 'ends' })
    a.contend()
    await settle()
    const exists = a.zooKeeper.exists.bind(a.zooKeeper)
    a.zooKeeper.exists = async (path, watcher) => {
      const stat = await exists(path, watcher)
      return stat && path === CLUSTER ? { ...stat, czxid: 1, mzxid: 1 } : stat
    }
    world.zooKeeper.expireSession('a')
    if (isWiped) for (const path of world.zooKeeper.paths.reverse()) world.zooKeeper.delete(path)
    await world.advance(2_000)
    t.match(a.fatal, [{ code: 'FLINK_HA_DATA_LOST', path: CLUSTER }])
    t.strictSame([a.news, a.clusterEnds], [['+1', '-'], 0])
    await a.ha.close()
  })
}
