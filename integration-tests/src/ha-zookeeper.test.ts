import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  Configuration,
  createFileSystems,
  type Logger,
  noopLogger,
  SystemClock,
  SystemRandom,
} from '@flink-ts/core'
import {
  createZooKeeperClusters,
  createZooKeeperHaServices,
  createZooKeeperLeaderRetrieval,
} from '@flink-ts/ha-zookeeper'
import type { FencingToken } from '@flink-ts/rpc'
import type { LeaderAddress } from '@flink-ts/runtime'
import t from 'tap'
import { startZooKeeper, zookeeperMissing } from './clusters/zookeeper.js'
import { Command } from './support/command.js'
import { startZooKeeperClient } from './support/open-zookeeper-client.js'
import { until } from './support/until.js'

const DISPATCHER = { kind: 'dispatcher' } as const
const skip = zookeeperMissing() ?? false

t.setTimeout(300_000)

t.test('ZooKeeperHaServices over a real ensemble', { skip }, async (t) => {
  const ensemble = await startZooKeeper()
  const storageDir = mkdtempSync(join(tmpdir(), 'flink-ts-ha-'))
  const configuration = Configuration.fromMap({
    'high-availability.type': 'zookeeper',
    'high-availability.zookeeper.quorum': ensemble.connectString,
    'high-availability.storageDir': storageDir,
    'high-availability.zookeeper.client.session-timeout': '6 s',
    'high-availability.zookeeper.client.connection-timeout': '30 s',
    'high-availability.zookeeper.client.retry-wait': '100 ms',
  })
  const clock = new SystemClock()
  const random = new SystemRandom()
  const warnings: string[] = []
  const log: Logger = {
    ...noopLogger,
    warn: (message, fields) => void warnings.push(`${message} ${JSON.stringify(fields)}`),
    child: () => log,
  }
  const world = { configuration, clock, random, log }
  const fileSystems = createFileSystems(world)
  const contender = async (name: string, context = world) => {
    const ha = await createZooKeeperHaServices({ ...context, fileSystems, contenderName: name })
    const tokens: FencingToken[] = []
    const election = ha.leaderElection(DISPATCHER)
    election.start({
      grantLeadership: (token) => {
        tokens.push(token)
        election.confirmLeadership({ address: name, endpointId: 'dispatcher', token })
      },
      revokeLeadership: () => {},
    })
    return { ha, tokens }
  }
  const a = await contender('a')
  await until('a leads', () => a.ha.token !== undefined)
  const b = await contender('b')
  const retrieval = createZooKeeperLeaderRetrieval(world)
  const told: (LeaderAddress | undefined)[] = []
  retrieval.leaderRetriever(DISPATCHER).start((leader) => void told.push(leader))
  const clusters = createZooKeeperClusters({ ...world, fileSystems })
  const zooKeeper = startZooKeeperClient(ensemble.connectString, world)
  t.teardown(async () => {
    await Promise.all([a.ha.close(), b.ha.close(), retrieval.close(), clusters.close()])
    await zooKeeper.close()
    await ensemble.close()
    rmSync(storageDir, { recursive: true, force: true })
  })

  await t.test('entries, their versions and their files', async (t) => {
    const store = a.ha.stores(a.tokens[0]!).namespace('drivers/x')
    const large = Buffer.alloc(100_000, 'x')
    const created = await store.create('ä/b', large)
    t.equal(Buffer.compare((await store.get('ä/b'))!.value, large), 0)
    t.strictSame(await store.names(), ['ä/b'])
    const replaced = await store.replace('ä/b', Buffer.from('small'), created)
    t.ok(replaced > created)
    await t.rejects(store.remove('ä/b', created), { code: 'FLINK_HA_ENTRY_VERSION' })
    await store.remove('ä/b', replaced)
    const again = await store.create('ä/b', large)
    await t.rejects(store.replace('ä/b', large, created), { code: 'FLINK_HA_ENTRY_VERSION' })
    t.ok(again > replaced)
    const standby = b.ha.stores(a.tokens[0]!).namespace('drivers/x')
    await t.rejects(standby.remove('ä/b', again), { code: 'FLINK_LEADERSHIP_LOST' })
    await until(
      'the former files are gone',
      () => readdirSync(join(storageDir, 'default/entries')).length === 1,
    )
  })

  await t.test('a term that is over is refused by the servers', async (t) => {
    await until('found', () => told.at(-1)?.address === 'a')
    const latch = '/flink/default/leader/latch'
    const queue = await until('b has joined', async () => {
      const { children } = await zooKeeper.getChildren(latch)
      return children.length === 2 && children
    })
    const first = [...queue].sort((x, y) => (x.slice(-10) < y.slice(-10) ? -1 : 1))[0]!
    const store = a.ha.stores(a.tokens[0]!).namespace('drivers/x')
    await zooKeeper.remove(`${latch}/${first}`, -1)
    await t.rejects(store.create('late', Buffer.from('')), { code: 'FLINK_LEADERSHIP_LOST' })
    t.match(warnings.join('\n'), /A change of a former leader was refused .*drivers\/x\/late/)
    await until('b leads', () => b.ha.token !== undefined)
    t.ok(b.tokens[0]!.epoch > a.tokens[0]!.epoch)
    await until('b is found', () => told.at(-1)?.address === 'b')
    const [cluster] = await until('a has joined again', async () => {
      const found = await clusters.list()
      return found[0]?.contenders.length === 2 && found
    })
    t.match(cluster, { clusterId: 'default', contenders: ['b', 'a'], jobs: [] })
    await t.rejects(clusters.remove('default'), { code: 'FLINK_HA_CLUSTER_ALIVE' })
  })

  await t.test('a process that was stopped for long writes nothing more', async (t) => {
    const clusterId = { 'high-availability.cluster-id': '/stopped' }
    const values = { ...configuration.toMap(), ...clusterId }
    const main = fileURLToPath(new URL('high-availability/writing-contender.js', import.meta.url))
    const child = new Command(process.execPath, [main, JSON.stringify(values)], {
      environment: process.env,
    })
    t.teardown(() => child.kill('SIGKILL'))
    await until('it leads and writes', () => child.stdout.includes('wrote 20\n'))
    const stopped = Configuration.fromMap(values)
    const next = await contender('next', { ...world, configuration: stopped })
    await until('both take part', async () => {
      const { children } = await zooKeeper.getChildren('/flink/stopped/leader/latch')
      return children.length === 2
    })
    child.kill('SIGSTOP')
    await until('another one leads', () => next.ha.token !== undefined)
    const store = next.ha.stores(next.tokens[0]!).namespace('drivers/x')
    const before = await store.names()
    child.kill('SIGCONT')
    await until('its writes are refused', () =>
      /A change of a former leader was refused .*drivers\/x/.test(child.stdout),
    )
    await until(
      'and no other becomes',
      () => child.stdout.split('FLINK_LEADERSHIP_LOST').length > 20,
    )
    t.strictSame(await store.names(), before, 'nothing was written since')
    child.kill('SIGKILL')
    await child.result()
    await next.ha.close({ cleanUp: true })
  })

  await t.test('a server that is restarted: another term, nothing lost', async (t) => {
    const before = Math.max(...a.tokens.concat(b.tokens).map(({ epoch }) => epoch))
    await ensemble.kill(1)
    await until('nobody leads', () => a.ha.token === undefined && b.ha.token === undefined)
    await ensemble.restart(1)
    await until('somebody leads', () => (a.ha.token ?? b.ha.token) !== undefined)
    const leader = a.ha.token === undefined ? b : a
    t.ok(leader.ha.token!.epoch > before)
    const store = leader.ha.stores(leader.ha.token!).namespace('drivers/x')
    t.equal((await store.get('ä/b'))?.value.length, 100_000)
    await until('the retriever knows', () => told.at(-1)?.token.epoch === leader.ha.token!.epoch)
    const standby = leader === a ? b : a
    await standby.ha.close()
    await leader.ha.close({ cleanUp: true })
    const { children } = await zooKeeper.getChildren('/')
    t.strictSame(children, ['zookeeper'], 'nothing is left in ZooKeeper')
    t.strictSame(readdirSync(storageDir), [], 'nor in the folder')
  })
})
