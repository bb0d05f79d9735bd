import { noopLogger, SeededRandom } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import type { FencingToken } from '@flink-ts/rpc'
import fc from 'fast-check'
import t from 'tap'
import type {
  LeaderAddress,
  LeaderStores,
} from '../../dist/highavailability/high-availability-services.js'
import { InMemoryCoordination } from '../../dist/highavailability/in-memory/in-memory-coordination.js'
import { InMemoryHighAvailability } from '../../dist/highavailability/in-memory/in-memory-high-availability.js'
import { advance, settle } from '../testing/control-plane.js'

const DISPATCHER = { kind: 'dispatcher' } as const
const bytes = (text: string) => Buffer.from(text)

class World {
  readonly clock = new ManualClock(1_000)
  readonly random: SeededRandom
  readonly coordination: InMemoryCoordination

  constructor({ latencyMs, seed = 1 }: { latencyMs?: () => number; seed?: number } = {}) {
    this.random = new SeededRandom(seed)
    this.coordination = new InMemoryCoordination({
      clock: this.clock,
      random: this.random,
      log: noopLogger,
      sessionTimeoutMs: 10_000,
      ...(latencyMs === undefined ? {} : { latencyMs }),
    })
  }

  process(client: string) {
    const ha = new InMemoryHighAvailability({
      client,
      log: noopLogger,
      coordination: this.coordination,
    })
    const news: string[] = []
    const tokens: FencingToken[] = []
    const contend = (component: Parameters<typeof ha.leaderElection>[0]) => {
      const election = ha.leaderElection(component)
      election.start({
        grantLeadership: (token) => {
          tokens.push(token)
          news.push(`${component.kind}+${token.epoch}`)
          election.confirmLeadership({ address: client, endpointId: component.kind, token })
        },
        revokeLeadership: () => void news.push(`${component.kind}-`),
      })
      return election
    }
    const stores = (): LeaderStores => ha.stores(tokens.at(-1)!)
    return { ha, news, tokens, contend, stores }
  }
}

t.test('InMemoryCoordination grants all components of a process one token', async (t) => {
  const world = new World()
  const a = world.process('a')
  a.contend(DISPATCHER)
  a.contend({ kind: 'resourcemanager' })
  await settle()
  a.contend({ kind: 'jobmanager', jobId: 'j' })
  t.strictSame(a.news, ['dispatcher+1', 'resourcemanager+1', 'jobmanager+1'])
  t.equal(new Set(a.tokens.map(({ uuid }) => uuid)).size, 1)
  world.coordination.revokeLeadership()
  await settle()
  t.strictSame(a.news.slice(3), [
    'dispatcher-',
    'resourcemanager-',
    'jobmanager-',
    'dispatcher+2',
    'resourcemanager+2',
    'jobmanager+2',
  ])
})

t.test(
  'LeaderElection of a component that has closed is told nothing, the others are',
  async (t) => {
    const world = new World()
    const a = world.process('a')
    const b = world.process('b')
    const seen: (LeaderAddress | undefined)[] = []
    b.ha.leaderRetriever({ kind: 'jobmanager', jobId: 'j' }).start((leader) => seen.push(leader))
    a.contend(DISPATCHER)
    const job = a.contend({ kind: 'jobmanager', jobId: 'j' })
    await settle()
    await job.close()
    await settle()
    t.match(seen, [{ address: 'a', token: { epoch: 1 } }, undefined])
    world.coordination.revokeLeadership()
    await settle()
    t.strictSame(a.news, ['dispatcher+1', 'jobmanager+1', 'dispatcher-', 'dispatcher+2'])
  },
)

t.test('InMemoryCoordination moves leadership and its addresses to the next process', async (t) => {
  const world = new World()
  const [a, b, watcher] = [world.process('a'), world.process('b'), world.process('c')]
  a.contend(DISPATCHER)
  b.contend(DISPATCHER)
  const seen: unknown[] = []
  watcher.ha.leaderRetriever(DISPATCHER).start((leader) => seen.push(leader?.address))
  await settle()
  t.match(world.coordination.leader, { client: 'a', token: { epoch: 1 } })
  t.strictSame(world.coordination.candidates, ['b'])
  world.coordination.grantLeadership('b')
  await settle()
  t.strictSame([a.news, b.news], [['dispatcher+1', 'dispatcher-'], ['dispatcher+2']])
  await b.ha.close()
  await settle()
  t.strictSame(a.news.at(-1), 'dispatcher+3')
  t.strictSame(seen, ['a', undefined, 'b', undefined, 'a'])
})

t.test('LeaderStores refuse the writes of a former leader that does not know it', async (t) => {
  const world = new World()
  const [a, b] = [world.process('a'), world.process('b')]
  a.contend(DISPATCHER)
  b.contend(DISPATCHER)
  await settle()
  const old = a.stores()
  const version = await old.namespace('x').create('e', bytes('1'))
  world.coordination.expireSession('a', { unnoticed: true })
  await settle()
  t.strictSame([a.news, b.news], [['dispatcher+1'], ['dispatcher+2']])
  const refused = { code: 'FLINK_LEADERSHIP_LOST', message: /term 1\/.*leader's term is 2\// }
  await t.rejects(old.namespace('x').create('f', bytes('')), refused)
  await t.rejects(old.namespace('x').replace('e', bytes(''), version), refused)
  await t.rejects(old.namespace('x').remove('e', version), refused)
  await t.rejects(old.cleanUpJob('j'), refused)
  t.match(await old.namespace('x').get('e'), { version }, 'reading is harmless')
  await b.stores().namespace('x').replace('e', bytes('2'), version)
  world.coordination.notice('a')
  await settle()
  t.strictSame(a.news, ['dispatcher+1', 'dispatcher-'])
  t.strictSame(world.coordination.candidates, ['a'], 'it takes part again')
  world.coordination.grantLeadership('a')
  await settle()
  t.equal(a.news.at(-1), 'dispatcher+3')
  const { code } = refused
  await t.rejects(old.namespace('x').create('f', bytes('')), { code }, 'of the old term still')
})

t.test(
  'a connection that is cut takes the leadership; one that comes back, a new term',
  async (t) => {
    const world = new World({ latencyMs: () => 10 })
    const a = world.process('a')
    a.contend(DISPATCHER)
    await advance(world.clock, 100)
    const write = a.stores().namespace('x').create('e', bytes(''))
    world.coordination.disconnect('a')
    await t.rejects(write, { code: 'FLINK_COORDINATION_CONNECTION_LOST', retriable: true })
    t.strictSame(world.coordination.entryPaths, [], 'the request was lost')
    t.strictSame(a.news, ['dispatcher+1', 'dispatcher-'])
    t.match(world.coordination.leader, { client: 'a' }, 'until its session expires')
    await advance(world.clock, 9_000)
    world.coordination.reconnect('a')
    await advance(world.clock, 100)
    t.strictSame(a.news, ['dispatcher+1', 'dispatcher-', 'dispatcher+2'])
    const answerLost = a.stores().namespace('x').create('e', bytes(''))
    await advance(world.clock, 15)
    world.coordination.disconnect('a')
    await t.rejects(answerLost, { code: 'FLINK_COORDINATION_CONNECTION_LOST' })
    t.strictSame(world.coordination.entryPaths, ['x/e'], 'the answer was lost')
    await advance(world.clock, 10_000)
    t.equal(world.coordination.leader, undefined)
    world.coordination.reconnect('a')
    await advance(world.clock, 100)
    t.equal(a.news.at(-1), 'dispatcher+3')
    world.coordination.close()
    t.equal(world.clock.pendingTimers, 0)
  },
)

t.test('a process that stands still learns of its successor when it goes on', async (t) => {
  const world = new World({ latencyMs: () => 5 })
  const [a, b] = [world.process('a'), world.process('b')]
  a.contend(DISPATCHER)
  await advance(world.clock, 50)
  b.contend(DISPATCHER)
  world.coordination.disconnect('a', { unaware: true })
  await advance(world.clock, 10_100)
  t.strictSame([a.news, b.news], [['dispatcher+1'], ['dispatcher+2']])
  world.coordination.reconnect('a')
  await t.rejects(
    Promise.all([a.stores().namespace('x').create('e', bytes('')), advance(world.clock, 50)]),
    { code: 'FLINK_LEADERSHIP_LOST' },
  )
  t.strictSame(a.news, ['dispatcher+1', 'dispatcher-'])
})

t.test('a process that crashed leads until its session has expired', async (t) => {
  const world = new World()
  const [a, b] = [world.process('a'), world.process('b')]
  a.contend(DISPATCHER)
  b.contend(DISPATCHER)
  await settle()
  world.coordination.crash('a')
  const again = world.process('a')
  again.contend(DISPATCHER)
  await advance(world.clock, 9_999)
  t.strictSame(b.news, [])
  await advance(world.clock, 2)
  t.strictSame([a.news, b.news, again.news], [['dispatcher+1'], ['dispatcher+2'], []])
})

t.test('HighAvailabilityServices.close cleans up only what this process leads', async (t) => {
  const world = new World()
  const [a, b] = [world.process('a'), world.process('b')]
  a.contend(DISPATCHER)
  b.contend(DISPATCHER)
  await settle()
  await a.stores().namespace('x').create('e', bytes(''))
  await b.ha.close({ cleanUp: true })
  t.strictSame(world.coordination.entryPaths, ['x/e'])
  await a.ha.close({ cleanUp: true })
  t.strictSame(world.coordination.entryPaths, [])
  t.equal(world.coordination.leader, undefined)
})

type Command =
  | { kind: 'write' | 'swap' | 'remove'; client: number; name: number }
  | { kind: 'disconnect'; client: number; unaware: boolean }
  | { kind: 'reconnect' | 'notice' | 'grant'; client: number }
  | { kind: 'expire'; client: number; unnoticed: boolean }
  | { kind: 'revoke' }
  | { kind: 'pass'; ms: number }

const client = fc.nat(2)
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom('write' as const, 'swap' as const, 'remove' as const),
      client,
      name: fc.nat(2),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('disconnect' as const),
      client,
      unaware: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('reconnect' as const, 'notice' as const, 'grant' as const),
      client,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('expire' as const), client, unnoticed: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'revoke' as const }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.constantFrom(1, 7, 50, 6_000),
    }),
  },
)

t.test(
  'InMemoryCoordination has a linearizable history: one leader per epoch, epochs rise, compare and set',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 60 }), fc.nat(), async (commands, seed) => {
        const latency = new SeededRandom(seed)
        const world = new World({ latencyMs: () => latency.nextInt(20), seed })
        const { coordination, clock } = world
        const names = ['a', 'b', 'c']
        const processes = names.map((name) => world.process(name))
        for (const process of processes) process.contend(DISPATCHER)
        // Successful changes, by the version that they were based on: each version is used once.
        const usedVersions = new Set<string>()
        const leaders = new Map<number, string>()
        let lastEpoch = 0
        const observe = () => {
          const leader = coordination.leader
          if (leader === undefined) return
          const { epoch, uuid } = leader.token
          const known = leaders.get(epoch)
          if (known === undefined) {
            if (epoch <= lastEpoch) throw new Error(`epoch ${epoch} after ${lastEpoch}`)
            lastEpoch = epoch
            leaders.set(epoch, `${leader.client}/${uuid}`)
          } else if (known !== `${leader.client}/${uuid}`) {
            throw new Error(`two leaders of epoch ${epoch}`)
          }
        }
        const under: Promise<unknown>[] = []
        const change = async (c: { kind: string; client: number; name: number }) => {
          const { tokens, ha } = processes[c.client]!
          const token = tokens.at(-1)
          if (token === undefined) return
          const store = ha.stores(token).namespace('n')
          const name = String(c.name)
          try {
            const entry = await store.get(name)
            if (entry === undefined) {
              await store.create(name, bytes(String(token.epoch)))
              return
            }
            if (c.kind === 'remove') await store.remove(name, entry.version)
            else await store.replace(name, bytes(String(token.epoch)), entry.version)
            const used = `${name}@${entry.version}`
            if (usedVersions.has(used)) throw new Error(`two changes are based on ${used}`)
            usedVersions.add(used)
            const writtenBy = Number(Buffer.from(entry.value).toString())
            if (writtenBy > token.epoch) throw new Error('a former leader wrote after a later one')
          } catch (error) {
            const { code = '' } = error as { code?: string }
            if (!/^FLINK_(LEADERSHIP|COORDINATION|HA_ENTRY)/.test(code)) throw error
          }
        }
        for (const c of commands) {
          const name = 'client' in c ? names[c.client]! : ''
          if (c.kind === 'pass') await advance(clock, c.ms, 5)
          else if (c.kind === 'revoke') coordination.revokeLeadership()
          else if (c.kind === 'disconnect') coordination.disconnect(name, c)
          else if (c.kind === 'reconnect') coordination.reconnect(name)
          else if (c.kind === 'notice') coordination.notice(name)
          else if (c.kind === 'expire') coordination.expireSession(name, c)
          else if ('name' in c) under.push(change(c))
          else if (coordination.candidates.includes(name)) coordination.grantLeadership(name)
          observe()
        }
        for (const name of names) {
          coordination.reconnect(name)
          coordination.notice(name)
        }
        await advance(clock, 1_000, 20)
        await Promise.all(under)
        observe()
        // When faults stop, one leads and knows it, and the others know that they do not.
        const believers = processes.filter(({ ha }) => ha.token !== undefined)
        if (believers.length !== 1) throw new Error(`${believers.length} believe that they lead`)
        const { token } = believers[0]!.ha
        if (token!.uuid !== coordination.leader?.token.uuid) throw new Error('the wrong one leads')
        for (const { tokens } of processes) {
          const epochs = tokens.map(({ epoch }) => epoch)
          if (epochs.some((epoch, i) => i > 0 && epoch <= epochs[i - 1]!)) {
            throw new Error(`a process was granted ${epochs}`)
          }
        }
        coordination.close()
        if (clock.pendingTimers !== 0) throw new Error('timers are left')
      }),
      { numRuns: 150 },
    )
    t.pass()
  },
)
