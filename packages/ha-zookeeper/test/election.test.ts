import t from 'tap'
import { bytes, DISPATCHER, ENTRIES, HaWorld, INFO, LATCH, settle } from './ha-world.js'

/** What was logged of changes that were refused. */
const refusals = (world: HaWorld) =>
  world.logged
    .filter(({ message }) => message === 'A change of a former leader was refused')
    .map(({ fields }) => fields)
const nodes = (world: HaWorld) => world.zooKeeper.children(LATCH)

t.test('ZooKeeperHaServices grants all components of the first process one token', async (t) => {
  const world = new HaWorld()
  const a = world.process('a')
  const b = world.process('b')
  a.contend()
  a.contend({ kind: 'resourcemanager' })
  await settle()
  b.contend()
  await settle()
  t.strictSame([a.leads, b.leads], [true, false])
  t.strictSame(a.tokens[0], a.tokens[1])
  t.equal(a.tokens[0]!.epoch, world.zooKeeper.czxid(`${LATCH}/${nodes(world)[0]}`))
  t.equal(world.text(`${LATCH}/${nodes(world)[0]}`), 'a', 'for people')
  t.strictSame(b.news, [])
  await Promise.all([a.ha.close(), b.ha.close()])
  t.strictSame(world.zooKeeper.paths, [], 'and leaves nothing behind')
  t.equal(world.manual.pendingTimers, 0)
})

t.test('ZooKeeperHaServices has the next process lead with a higher epoch', async (t) => {
  const world = new HaWorld()
  const [a, b, c] = ['a', 'b', 'c'].map((name) => world.process(name))
  for (const each of [a!, b!, c!]) {
    each.contend()
    await settle()
  }
  const told = c!.watch()
  world.zooKeeper.crash('a')
  await world.advance(12_000)
  t.strictSame([b!.leads, c!.leads], [true, false])
  await b!.ha.close()
  await world.advance(100)
  t.equal(c!.leads, true)
  const epochs = [a!, b!, c!].map((each) => each.tokens[0]!.epoch)
  t.ok(epochs[0]! < epochs[1]! && epochs[1]! < epochs[2]!, 'epochs grow')
  t.strictSame(told.map((leader) => leader?.address).filter(Boolean), ['a', 'b', 'c'])
  await c!.ha.close()
})

t.test(
  'ZooKeeperHaServices gives up when suspended for long, and queues again at the end',
  async (t) => {
    const world = new HaWorld()
    const a = world.process('a')
    const b = world.process('b')
    const watched = b.watch()
    a.contend()
    await settle()
    b.contend()
    await settle()
    world.zooKeeper.cut('a')
    await world.advance(8_000)
    world.zooKeeper.restore('a')
    await settle()
    world.zooKeeper.cut('a')
    await world.advance(8_000)
    t.strictSame(a.news, ['+1'], 'another server may take over')
    await world.advance(500)
    t.strictSame(a.news, ['+1', '-'], 'while the session has a sixth of its timeout left')
    t.equal(b.leads, false, 'while its node stands')
    const write = a.stores().namespace('x').create('e', bytes('1'))
    await t.rejects(write, { code: 'FLINK_LEADERSHIP_LOST' })
    world.zooKeeper.restore('a')
    await world.advance(100)
    t.strictSame([a.leads, b.leads], [false, true])
    t.equal(nodes(world).length, 2, 'one node for each process')
    t.strictSame(watched.at(-1)?.address, 'b')
    await b.ha.close()
    await settle()
    t.strictSame(a.news, ['+1', '-', '+2'], 'it leads again in its turn, with another token')
    await a.ha.close()
  },
)

t.test('Servers that elect a leader of their own cost no leader its term', async (t) => {
  const world = new HaWorld()
  const [a, b] = ['a', 'b'].map((name) => world.process(name))
  const watched = b!.watch()
  for (const each of [a!, b!]) {
    each.contend()
    await settle()
  }
  const queue = nodes(world)
  for (const ms of [1_000, 8_000, 8_000]) {
    world.zooKeeper.loseQuorum()
    await world.advance(ms)
    world.zooKeeper.restoreQuorum()
    await world.advance(500)
    t.strictSame([a!.news, b!.news], [['+1'], []], `${ms} of 10000 ms without a server`)
  }
  t.strictSame(nodes(world), queue)
  t.strictSame(
    watched.map((leader) => leader?.address),
    ['a'],
  )
  t.ok(await a!.stores().namespace('x').create('e', bytes('1')), 'it writes in the same term')
  await b!.ha.close()
  await a!.ha.close()
})

t.test(
  'ZooKeeperHaServices tolerates a suspended connection if configured, until the session is over',
  async (t) => {
    const world = new HaWorld()
    const key = 'high-availability.zookeeper.client.tolerate-suspended-connections'
    const a = world.process('a', { settings: { [key]: 'true' } })
    a.contend()
    await settle()
    world.zooKeeper.cut('a')
    const write = a.stores().namespace('x').create('e', bytes('1'))
    await world.advance(5_000)
    world.zooKeeper.restore('a')
    await settle()
    t.strictSame(a.news, ['+1'])
    t.ok(await write, 'a write that waits for the connection is made')
    world.zooKeeper.cut('a')
    await world.advance(11_000)
    t.strictSame(a.news, ['+1', '-'])
    world.zooKeeper.restore('a')
    await world.advance(1_000)
    t.strictSame(a.news, ['+1', '-', '+2'])
    await a.ha.close()
  },
)

t.test(
  'A process that stood still for longer than its session writes nothing, and rejoins',
  async (t) => {
    const world = new HaWorld()
    const a = world.process('a')
    const b = world.process('b')
    a.contend()
    await settle()
    b.contend()
    await settle()
    world.zooKeeper.standStill('a')
    await world.advance(12_000)
    t.strictSame([a.leads, b.leads], [true, true], 'two believe to lead')
    const refused = a.stores().namespace('x').create('e', bytes('of a'))
    const made = b.stores().namespace('x').create('e', bytes('of b'))
    world.zooKeeper.goOn('a')
    await t.rejects(refused, { code: /FLINK_LEADERSHIP_LOST|FLINK_COORDINATION_CONNECTION_LOST/ })
    t.ok(await made)
    await world.advance(2_000)
    t.strictSame([a.leads, b.leads], [false, true])
    t.equal(nodes(world).length, 2)
    t.equal(world.published(), 'b')
    await t.rejects(a.stores().namespace('x').create('late', bytes('of a')), {
      code: 'FLINK_LEADERSHIP_LOST',
    })
    t.match(refusals(world).at(-1), { operation: /x\/late/, token: /^\d+\//, by: 'this process' })
    await Promise.all([a.ha.close(), b.ha.close()])
  },
)

t.test('What a former leader changes is refused by the servers, and logged', async (t) => {
  const world = new HaWorld()
  const a = world.process('a')
  a.contend()
  await settle()
  const store = a.stores().namespace('x')
  const version = await store.create('e', bytes('1'))
  // It has not heard of it.
  world.zooKeeper.cut('a', { notice: 'late' })
  world.zooKeeper.delete(`${LATCH}/${nodes(world)[0]}`)
  const changes = [store.create('f', bytes('1')), store.replace('e', bytes('2'), version)]
  world.zooKeeper.restore('a')
  for (const change of changes) await t.rejects(change, { code: 'FLINK_LEADERSHIP_LOST' })
  t.match(refusals(world), [{ operation: /x\/f/, by: 'ZooKeeper', reason: 'no-node' }])
  t.equal(world.text(`${ENTRIES}/x/e`).endsWith('1'), true)
  await settle()
  await a.ha.close()
})

t.test('The node of a term that somebody has removed ends the term', async (t) => {
  const world = new HaWorld()
  const a = world.process('a')
  const b = world.process('b')
  a.contend()
  await settle()
  b.contend()
  await settle()
  world.zooKeeper.delete(`${LATCH}/${nodes(world)[0]}`)
  await settle()
  t.strictSame(a.news, ['+1', '-'])
  t.strictSame([a.leads, b.leads, nodes(world).length], [false, true, 2])
  t.equal(world.published(), 'b')
  // Of a standby, too.
  world.zooKeeper.delete(`${LATCH}/${nodes(world)[1]}`)
  await settle()
  t.equal(nodes(world).length, 2)
  // And all that there is.
  world.zooKeeper.delete('/flink')
  await world.advance(1_000)
  t.equal([a.leads, b.leads].filter(Boolean).length, 1)
  t.equal(nodes(world).length, 2)
  await Promise.all([a.ha.close(), b.ha.close()])
})

t.test(
  'A node of which nobody heard whether it was made is found and leaves no second one',
  async (t) => {
    for (let seed = 0; seed < 20; seed++) {
      const world = new HaWorld({ seed })
      const a = world.process('a')
      await settle()
      a.contend()
      for (let step = 0; step < 3 + (seed % 7); step++) await Promise.resolve()
      world.zooKeeper.cut('a')
      await settle()
      world.zooKeeper.restore('a')
      await world.advance(5_000)
      t.equal(a.leads, true)
      t.equal(nodes(world).length, 1)
      await a.ha.close()
    }
  },
)

t.test(
  'Addresses of the leader stand as long as its term, whoever removes or spoils them',
  async (t) => {
    const world = new HaWorld()
    const a = world.process('a')
    const b = world.process('b')
    const election = a.contend()
    a.contend({ kind: 'jobmanager', jobId: 'j1' })
    b.contend()
    await settle()
    const told = b.watch()
    await settle()
    world.zooKeeper.delete(INFO)
    await world.advance(100)
    world.zooKeeper.write(INFO, bytes('garbage'))
    await settle()
    t.equal(world.published(), 'a')
    t.equal(told.at(-1)?.address, 'a')
    t.match(
      world.logged.find(({ message }) => message.includes('cannot be read')),
      { level: 'warn', fields: { node: INFO } },
    )
    await election.close()
    await settle()
    t.notOk(world.zooKeeper.paths.includes(INFO), 'withdrawn')
    t.equal(told.at(-1), undefined)
    await Promise.all([a.ha.close(), b.ha.close()])
  },
)

t.test('A term that could not begin is told as fatal', async (t) => {
  const world = new HaWorld()
  const a = world.process('a')
  a.ha.leaderElection({ kind: 'dispatcher' }).start({
    grantLeadership: () => {
      throw new Error('a defect')
    },
    revokeLeadership: () => {},
  })
  await settle()
  t.match(a.fatal, [{ message: 'a defect' }])
  await a.ha.close()
})

t.test(
  'Addresses of jobs that have ended are forgotten, whenever they are withdrawn',
  async (t) => {
    const world = new HaWorld()
    const a = world.process('a')
    a.contend()
    await settle()
    const { multi, exists } = a.zooKeeper
    for (let delay = 0; delay < 40; delay++) {
      const written = new Promise<void>((resolve) => {
        a.zooKeeper.multi = (operations) => {
          const answer = multi.call(a.zooKeeper, operations)
          answer.then(() => resolve())
          return answer
        }
      })
      const job = a.contend({ kind: 'jobmanager', jobId: 'j' })
      await written
      for (let turn = 0; turn < delay; turn++) await Promise.resolve()
      await job.close()
      await settle()
      t.strictSame(world.zooKeeper.children('/flink/default/leader'), ['dispatcher', 'latch'])
    }
    a.zooKeeper.multi = multi
    const looked: string[] = []
    a.zooKeeper.exists = (path, ...rest) => {
      looked.push(path)
      return exists.call(a.zooKeeper, path, ...rest)
    }
    world.zooKeeper.cut('a')
    await settle()
    world.zooKeeper.restore('a')
    await settle()
    a.ha.giveUpLeadership('by the test')
    await settle()
    t.ok(looked.includes(INFO))
    t.notOk(looked.some((path) => path.includes('/j/')))
    await a.ha.close({ cleanUp: true })
    t.strictSame(world.zooKeeper.paths, [])
  },
)

t.test(
  'A retriever keeps the last leader while suspended, and hears of the next one afterwards',
  async (t) => {
    const world = new HaWorld()
    const a = world.process('a')
    const b = world.process('b')
    const watcher = world.process('w')
    const told = watcher.watch()
    a.contend()
    await settle()
    b.contend()
    await settle()
    world.zooKeeper.cut('w')
    await a.ha.close()
    await world.advance(1_000)
    t.strictSame(
      told.map((leader) => leader?.address),
      ['a'],
    )
    world.zooKeeper.restore('w')
    await world.advance(100)
    t.equal(told.at(-1)?.address, 'b')
    // A session that is over takes the watches along.
    world.zooKeeper.expireSession('w')
    await world.advance(1_000)
    await b.ha.close()
    await settle()
    t.equal(told.at(-1), undefined)
    await watcher.ha.close()
    t.equal(world.manual.pendingTimers, 0)
  },
)

t.test('A retriever that is closed when its leader goes leaves no watcher behind', async (t) => {
  const world = new HaWorld()
  const a = world.process('a')
  const w = world.process('w')
  let watchers = 0
  const exists = w.zooKeeper.exists.bind(w.zooKeeper)
  w.zooKeeper.exists = (path, watcher) => {
    if (watcher !== undefined) watchers++
    return exists(path, watcher)
  }
  a.contend()
  for (let i = 0; i < 5; i++) {
    const component = { kind: 'jobmanager', jobId: `j${i}` } as const
    const election = a.contend(component)
    await settle()
    const retriever = w.ha.leaderRetriever(component)
    const told: string[] = []
    retriever.start((leader) => {
      told.push(leader?.address ?? 'nobody')
      if (leader === undefined) void retriever.close()
    })
    await settle()
    await election.close()
    await world.advance(1_000)
    t.strictSame(told, ['a', 'nobody'])
  }
  t.equal(watchers, 0)
  await Promise.all([a.ha.close(), w.ha.close()])
  t.equal(world.manual.pendingTimers, 0)
})

t.test('An address that a living session of somebody else has left is replaced', async (t) => {
  const world = new HaWorld()
  const other = world.client('other')
  other.start()
  await other.createRecursive('/flink/default/leader/dispatcher')
  await other.create(INFO, bytes('{}'), { ephemeral: true })
  const a = world.process('a')
  a.contend()
  await settle()
  t.equal(world.published(), 'a')
  t.equal(world.zooKeeper.ownerOf(INFO), 'a')
  await a.ha.close()
  await other.close()
})

t.test('A process says what can never work, once, with the key or the path', async (t) => {
  await t.test('foreign data', async (t) => {
    for (const path of ['/flink/default/jobgraphs', `${LATCH}/_c_1-latch-0000000000`]) {
      const world = new HaWorld()
      world.zooKeeper.write(path, bytes(''))
      const a = world.process('a')
      a.contend()
      await world.advance(5_000)
      t.equal(a.leads, false)
      t.match(a.fatal, [{ code: 'FLINK_HA_FOREIGN_DATA', path }])
      t.match(a.fatal[0]!.message, /high-availability.cluster-id/)
      world.zooKeeper.delete(path)
      await world.advance(5_000)
      t.equal(a.leads, true, 'it goes on when it is removed')
      await a.ha.close()
    }
  })
  await t.test('credentials of somebody else', async (t) => {
    const world = new HaWorld()
    const creator = { acl: 'creator' } as const
    const mine = { authorization: { scheme: 'digest', credentials: 'u:right' }, ...creator }
    const a = world.process('a', { zooKeeper: world.client('a', mine) })
    a.contend()
    await settle()
    const wrong = { authorization: { scheme: 'digest', credentials: 'u:wrong' }, ...creator }
    const b = world.process('b', { zooKeeper: world.client('b', wrong) })
    b.contend()
    await settle()
    t.match(b.fatal, [{ code: 'FLINK_HA_ACCESS_REFUSED', message: /client.authorization/ }])
    const unknown = { authorization: { scheme: 'what', credentials: 'u:p' } }
    const c = world.process('c', { zooKeeper: world.client('c', unknown) })
    c.contend()
    await settle()
    t.match(c.fatal, [{ message: /scheme what.*client.authorization/ }])
    await Promise.all([a, b, c].map((each) => each.ha.close()))
  })
})

t.test(
  'A process goes on trying an ensemble that does not answer, and warns with key and value',
  async (t) => {
    const world = new HaWorld()
    world.zooKeeper.loseQuorum()
    const a = world.process('a')
    a.contend()
    await world.advance(50_000, 5_000)
    t.strictSame(
      world
        .warnings()
        .filter((message) => message.includes("'high-availability.zookeeper.quorum' (zk1:2181)"))
        .length,
      3,
    )
    world.zooKeeper.restoreQuorum()
    await world.advance(1_000)
    t.equal(a.leads, true)
    // An ensemble that was restarted goes on with higher transactions.
    const before = a.tokens[0]!.epoch
    world.zooKeeper.loseQuorum()
    await world.advance(20_000)
    t.equal(a.leads, false)
    world.zooKeeper.restoreQuorum()
    await world.advance(20_000)
    t.equal(a.leads, true)
    t.ok(a.tokens[1]!.epoch > before)
    await a.ha.close()
  },
)

t.test(
  'A component that joins amidst a term is granted it; stores of no term refuse',
  async (t) => {
    const world = new HaWorld()
    const a = world.process('a')
    a.contend(DISPATCHER)
    await settle()
    a.contend({ kind: 'rest_server' })
    await settle()
    t.strictSame(a.tokens.length, 2)
    const never = a.ha.stores({ epoch: 1, uuid: 'x' }).namespace('n')
    await t.rejects(never.create('e', bytes('')), { code: 'FLINK_LEADERSHIP_LOST' })
    t.strictSame(await never.names(), [], 'reading is harmless')
    await a.ha.close()
  },
)

t.test('A process that joins while its connection is cut takes part when it is back', async (t) => {
  const world = new HaWorld()
  const a = world.process('a')
  await settle()
  world.zooKeeper.cut('a')
  a.contend()
  const told = a.watch()
  await world.advance(2_000)
  world.zooKeeper.restore('a')
  await world.advance(5_000)
  t.equal(a.leads, true)
  t.equal(told.at(-1)?.address, 'a')
  await a.ha.close()
})
