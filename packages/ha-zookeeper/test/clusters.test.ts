import {
  Configuration,
  FileSystemRegistry,
  InMemoryFileSystem,
  noopLogger,
  SeededRandom,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  createZooKeeperClusters,
  createZooKeeperHaServices,
  createZooKeeperLeaderRetrieval,
  ZooKeeperClusters,
  ZooKeeperRetrieval,
  zooKeeperHaSettings,
} from '@flink-ts/ha-zookeeper'
import t from 'tap'
import { bytes, FOLDER, HaWorld, LATCH, settle } from './ha-world.js'

const JOB = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'

function clustersOf(world: HaWorld, name = 'flink') {
  return new ZooKeeperClusters({
    zooKeeper: world.client(name),
    settings: world.settings(),
    storage: { fileSystem: world.fileSystem, directory: '/ha' },
    clock: world.clock,
    random: world.random,
    log: world.log,
  })
}

t.test('ZooKeeperClusters lists what clusters keep and removes what nobody needs', async (t) => {
  const world = new HaWorld()
  world.zooKeeper.write('/flink/strange/of', bytes('somebody else'))
  const a = world.process('a')
  a.contend({ kind: 'rest_server' })
  await settle()
  const standby = world.process('standby')
  standby.contend({ kind: 'rest_server' })
  const other = world.process('o', { settings: { 'high-availability.cluster-id': '/team/x' } })
  other.contend()
  await settle()
  const stores = a.stores()
  await stores.jobNamespace(JOB, 'checkpoints').create('0000000000000000001', bytes('p'))
  await stores.namespace('execution-plans').create('unreadable', Buffer.alloc(5_000))
  await stores.jobResults.putDirtyResult({
    jobId: 'bb',
    name: 'ended one',
    status: 'FINISHED',
  } as Parameters<typeof stores.jobResults.putDirtyResult>[0])
  const clusters = clustersOf(world)
  t.match(await clusters.list(), [
    {
      clusterId: 'default',
      leaderUrl: 'a',
      contenders: ['a', 'standby'],
      jobs: [
        { jobId: JOB, name: undefined, state: 'rest', checkpoints: 1 },
        { jobId: 'bb', name: 'ended one', state: 'ended', checkpoints: 0 },
        { jobId: 'unreadable', name: undefined, state: 'submitted', checkpoints: 0 },
      ],
      bytes: 5_000,
    },
    { clusterId: 'team/x', leaderUrl: undefined, contenders: ['o'], jobs: [], bytes: 0 },
  ])
  await t.rejects(clusters.remove('/default'), {
    code: 'FLINK_HA_CLUSTER_ALIVE',
    message: /default.*a, standby/,
  })
  world.zooKeeper.crash('a')
  world.zooKeeper.crash('standby')
  await world.advance(12_000)
  t.equal(await clusters.remove('/default'), true)
  t.equal(await clusters.remove('default'), false)
  t.equal(await world.fileSystem.exists(FOLDER), false)
  t.strictSame(
    (await clusters.list()).map(({ clusterId }) => clusterId),
    ['team/x'],
  )
  t.notOk(world.zooKeeper.paths.some((path) => path.startsWith('/flink/default')))
  const forced = clusters.remove('team/x', { force: true })
  await world.advance(6_000, 50)
  t.equal(await forced, true)
  await world.advance(1_000)
  t.equal(other.leads, true, 'who lives goes on as if it had just been started')
  t.ok(other.tokens.length >= 2, 'in another term')
  await other.ha.close()
  t.strictSame(world.zooKeeper.paths, ['/flink', '/flink/strange', '/flink/strange/of'])
  await clusters.close()
  t.equal(world.manual.pendingTimers, 0)
})

t.test(
  'ZooKeeperClusters removes by force under JobManagers that live: none goes on',
  async (t) => {
    for (const endOfCluster of ['ends', 'hangs'] as const) {
      const world = new HaWorld()
      const [a, b] = ['a', 'b'].map((name) => world.process(name, { endOfCluster }))
      for (const each of [a!, b!]) {
        each.contend()
        await settle()
      }
      const store = a!.stores().namespace('x')
      await store.create('e', Buffer.alloc(5_000))
      const clusters = clustersOf(world)
      const removed = clusters.remove('default', { force: true })
      await world.advance(7_000, 50)
      t.equal(await removed, true)
      t.strictSame([a!.clusterEnds, b!.clusterEnds], [1, 1], `${endOfCluster}: both are told`)
      await t.rejects(store.create('f', Buffer.alloc(5_000)), { code: 'FLINK_LEADERSHIP_LOST' })
      await world.advance(20_000)
      t.strictSame([a!.leads, b!.leads], [false, false], 'nobody leads again')
      t.strictSame([a!.tokens.length, b!.tokens.length], [1, 0])
      t.strictSame(await world.files(), [])
      await Promise.all([a!.ha.close(), b!.ha.close(), clusters.close()])
      t.strictSame(world.zooKeeper.paths, [])
    }
  },
)

t.test(
  'ZooKeeperClusters removes files before anybody else leads, and none of later terms',
  async (t) => {
    const world = new HaWorld()
    const a = world.process('a')
    a.contend()
    await settle()
    await a.stores().namespace('x').create('e', Buffer.alloc(5_000))
    await a.ha.close()
    const [file] = await world.files()
    const later = `${FOLDER}/entries/9${file!.slice(file!.lastIndexOf('/') + 1)}`
    await (await world.fileSystem.create(later, 'exclusive')).close()
    const remove = world.fileSystem.delete
    const contenders: number[] = []
    world.fileSystem.delete = (path, options) => {
      contenders.push(world.zooKeeper.children(LATCH).length)
      return remove.call(world.fileSystem, path, options)
    }
    const clusters = clustersOf(world)
    t.equal(await clusters.remove('default'), true)
    t.strictSame(await world.files(), [later])
    t.ok(contenders.length > 0 && contenders.every((count) => count === 1), 'it holds its place')
    await clusters.close()
  },
)

t.test('ZooKeeperClusters says which ensemble does not answer', async (t) => {
  const world = new HaWorld()
  world.zooKeeper.loseQuorum()
  const clusters = clustersOf(world)
  const failed = t.rejects(clusters.list(), {
    message: /high-availability.zookeeper.quorum' \(zk1:2181\)/,
  })
  await world.advance(20_000, 1_000)
  await failed
  await clusters.close()
})

t.test('zooKeeperHaSettings names the key of what cannot be used', async (t) => {
  const quorum = { 'high-availability.zookeeper.quorum': 'a:1,b:2' }
  const refused = (values: Record<string, string>, message: RegExp, key?: string) =>
    t.throws(() => zooKeeperHaSettings(Configuration.fromMap({ ...quorum, ...values })), {
      code: 'FLINK_ILLEGAL_CONFIGURATION',
      message,
      ...(key !== undefined && { key }),
    })
  const zk = 'high-availability.zookeeper.'
  refused({ [`${zk}quorum`]: '' }, /quorum' is not set/)
  refused(
    { [`${zk}quorum`]: 'a:b:c' },
    /'a:b:c' of configuration key 'high-availability.zookeeper.quorum'/,
  )
  refused({ [`${zk}quorum`]: 'a:99999' }, /no port/)
  refused({ [`${zk}path.root`]: '/a//b' }, /no path of a node/, `${zk}path.root`)
  refused({ [`${zk}path.root`]: '/zookeeper' }, /ZooKeeper itself/)
  refused({ 'high-availability.cluster-id': '/' }, /empty/, 'high-availability.cluster-id')
  refused({ [`${zk}path.execution-plans`]: '/jobs' }, /other entries/)
  refused({ [`${zk}path.jobgraphs`]: '/' }, /path.jobgraphs/, `${zk}path.jobgraphs`)
  refused({ [`${zk}client.acl`]: 'creator' }, /client.authorization/, `${zk}client.acl`)
  refused({ [`${zk}client.session-timeout`]: '-1' }, /session-timeout/)
  t.match(
    zooKeeperHaSettings(
      Configuration.fromMap({
        'recovery.zookeeper.quorum': ' h:1 ',
        'high-availability.zookeeper.path.namespace': '/ns/x/',
        [`${zk}path.root`]: 'r/s/',
        [`${zk}client.acl`]: 'creator',
        [`${zk}client.authorization`]: 'digest:"u:p"',
        'high-availability.zookeeper.storageDir': 'file:///ha/',
      }),
    ),
    {
      quorum: 'h:1',
      clusterId: 'ns/x',
      rootPath: '/r/s',
      authorization: [{ scheme: 'digest', auth: 'u:p' }],
      storageDirectory: 'file:///ha',
      retry: { initialDelayMs: 5_000, maxRetries: 3, maxDelayMs: 60_000 },
    },
  )
})

t.test('Services are not made without a folder that can be written to', async (t) => {
  const random = new SeededRandom(1)
  const clock = new ManualClock()
  const memory = new InMemoryFileSystem({ clock, random, scheme: 'file' })
  const world = { clock, random, log: noopLogger, fileSystems: new FileSystemRegistry([memory]) }
  const create = (values: Record<string, string>) =>
    createZooKeeperHaServices({
      ...world,
      contenderName: 'a',
      configuration: Configuration.fromMap({
        'high-availability.zookeeper.quorum': '127.0.0.1:1',
        ...values,
      }),
    })
  const key = 'high-availability.storageDir'
  await t.rejects(create({}), { key, message: /storageDir' is not set/ })
  await (await memory.create('/file', 'exclusive')).close()
  await t.rejects(create({ [key]: '/file' }), { key, message: /'\/file'.*cannot be written/ })
  await (await memory.create('/ha/a%2Fb/probe-00ff', 'exclusive')).close()
  clock.advance(1_000_000)
  await (await memory.create('/ha/a%2Fb/probe-11ff', 'exclusive')).close()
  const ha = await create({ [key]: 'file:///ha', 'high-availability.cluster-id': 'a/b' })
  t.strictSame(
    (await memory.list('/ha/a%2Fb')).map(({ path }) => path),
    ['/ha/a%2Fb/probe-11ff'],
    'what a process that died has left goes, what one that starts has made stays',
  )
  t.equal(ha.blobStorage.directory, 'file:///ha/a%252Fb/blob')
  await ha.blobStorage.fileSystem.mkdirs(ha.blobStorage.directory)
  t.ok(await memory.exists('/ha/a%2Fb/blob'))
  await ha.close()
  const configuration = Configuration.fromMap({
    'high-availability.zookeeper.quorum': '127.0.0.1:1',
  })
  const retrieval = createZooKeeperLeaderRetrieval({ ...world, configuration })
  retrieval.leaderRetriever({ kind: 'dispatcher' }).start(() => t.fail('nobody leads'))
  await retrieval.close()
  await createZooKeeperClusters({ ...world, configuration }).close()
  t.equal(clock.pendingTimers, 0)
})

t.test(
  'ZooKeeperRetrieval tells once of credentials that are not those of the cluster',
  async (t) => {
    const world = new HaWorld()
    const { clock, random, log } = world
    const as = (credentials: string) => ({
      authorization: { scheme: 'digest', credentials },
      acl: 'creator' as const,
    })
    const lookOn = (name: string, onFatalError?: (error: Error) => void) => {
      const zooKeeper = world.client(name, as('u:wrong'))
      const retrieval = new ZooKeeperRetrieval(zooKeeper, world.settings(), {
        configuration: new Configuration(),
        clock,
        random,
        log,
        ...(onFatalError && { onFatalError }),
      })
      for (const kind of ['dispatcher', 'rest_server'] as const) {
        retrieval.leaderRetriever({ kind }).start(() => t.fail('nobody is found'))
      }
      zooKeeper.start()
      return retrieval
    }
    const fatal: Error[] = []
    const retrieval = lookOn('taskmanager', (error) => void fatal.push(error))
    await world.advance(5_000)
    t.strictSame(fatal, [], 'there is nothing yet that it must not read')
    const leader = world.process('a', { zooKeeper: world.client('a', as('u:right')) })
    leader.contend()
    leader.contend({ kind: 'rest_server' })
    await world.advance(20_000)
    t.match(fatal, [{ code: 'FLINK_HA_ACCESS_REFUSED', message: /client.authorization/ }])
    t.equal(fatal.length, 1)
    const silent = lookOn('without a listener')
    await world.advance(1_000)
    t.match(
      world.logged.filter(({ level }) => level === 'error'),
      [{ fields: { error: { code: 'FLINK_HA_ACCESS_REFUSED' } } }],
    )
    await Promise.all([retrieval.close(), silent.close(), leader.ha.close()])
  },
)
