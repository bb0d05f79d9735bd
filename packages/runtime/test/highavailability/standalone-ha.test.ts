import { SeededRandom } from '@flink-ts/core'
import t from 'tap'
import type { LeaderAddress } from '../../dist/highavailability/high-availability-services.js'
import { LeaderService } from '../../dist/highavailability/leader-service.js'
import { StandaloneHaServices } from '../../dist/highavailability/standalone-ha-services.js'
import { StandaloneLeaderRetriever } from '../../dist/highavailability/standalone-leader-retriever.js'
import { LEADER_GATEWAY } from '../../dist/messages/gateways.js'
import { advance, settle, TestWorld } from '../testing/control-plane.js'

const COMPONENT = { kind: 'resourcemanager' } as const

function lead(ha: StandaloneHaServices, address: string): LeaderAddress {
  const election = ha.leaderElection(COMPONENT)
  let leader: LeaderAddress | undefined
  election.start({
    grantLeadership: (token) => {
      leader = { address, endpointId: 'rm', token }
      election.confirmLeadership(leader)
    },
    revokeLeadership: () => {},
  })
  return leader!
}

function haOf(processStartMs: number): StandaloneHaServices {
  return new StandaloneHaServices({ processStartMs, random: new SeededRandom(processStartMs) })
}

async function jobManager(world: TestWorld, address: string, startMs: number) {
  const rpcService = world.service(address)
  const ha = haOf(startMs)
  const { log, clock } = world
  const service = new LeaderService({ rpcService, log, clock, leaders: ha.leaders })
  await service.start()
  return { rpcService, ha, service }
}

function retrieverIn(world: TestWorld, jobManagerAddress: string) {
  const seen: (LeaderAddress | undefined)[] = []
  const { clock, log } = world
  const rpcService = world.service('tm:1')
  const options = { component: COMPONENT, jobManagerAddress, rpcService, clock, log }
  const retriever = new StandaloneLeaderRetriever(options)
  retriever.start((leader) => void seen.push(leader))
  return { retriever, seen }
}

t.test(
  'StandaloneHaServices gives all components one token, and later processes higher epochs',
  async (t) => {
    const first = haOf(1000)
    const tokens = [lead(first, 'a:1'), lead(first, 'a:1'), lead(haOf(2000), 'a:1')]
    t.same(
      tokens.map(({ token }) => token.epoch),
      [1000, 1000, 2000],
    )
    t.equal(new Set(tokens.map(({ token }) => token.uuid)).size, 2)
  },
)

t.test(
  'StandaloneHaServices finds the leader within the process, before and after it was confirmed',
  async (t) => {
    const ha = haOf(1)
    const early: unknown[] = []
    ha.leaderRetriever(COMPONENT).start((leader) => void early.push(leader))
    const leader = lead(ha, 'a:1')
    const late: unknown[] = []
    ha.leaderRetriever(COMPONENT).start((found) => void late.push(found))
    t.same([early, late], [[leader], [leader]])
  },
)

t.test(
  'LeaderService refuses a component that there is not, and knows no leader at first',
  async (t) => {
    const world = new TestWorld()
    await jobManager(world, 'jm:1', 1)
    const gateway = world.service('tm:1').connect('jm:1', 'leader', LEADER_GATEWAY)
    t.same(await gateway.requestLeader({ component: 'dispatcher' }), {})
    await t.rejects(gateway.requestLeader({ component: 'jobmanager' }), {
      code: 'FLINK_UNKNOWN_LEADER_COMPONENT',
    })
  },
)

t.test('StandaloneLeaderRetriever finds a JobManager that starts later within 2 s', async (t) => {
  const world = new TestWorld()
  const { retriever, seen } = retrieverIn(world, 'jm:1')
  await advance(world.clock, 20_000, 100)
  t.same(seen, [])
  const { ha } = await jobManager(world, 'jm:1', 1)
  const leader = lead(ha, 'jm:1')
  await advance(world.clock, 2_000, 100)
  t.same(seen, [leader])
  await retriever.close()
  t.equal(world.clock.pendingTimers, 0)
})

t.test('StandaloneLeaderRetriever follows a JobManager that was restarted', async (t) => {
  const world = new TestWorld()
  const first = await jobManager(world, 'jm:1', 1)
  const old = lead(first.ha, 'jm:1')
  const { retriever, seen } = retrieverIn(world, 'jm:1')
  await settle()
  t.same(seen, [old])
  await first.rpcService.close()
  await settle()
  t.same(seen, [old, undefined], 'the loss of the connection is told at once')
  const second = await jobManager(world, 'jm:1', 5)
  const next = lead(second.ha, 'jm:1')
  await advance(world.clock, 2_000, 100)
  t.same(seen, [old, undefined, next])
  await retriever.close()
  t.equal(world.clock.pendingTimers, 0)
})

t.test(
  'StandaloneLeaderRetriever sees a change of leader without loss of connection',
  async (t) => {
    const world = new TestWorld()
    const { ha } = await jobManager(world, 'jm:1', 1)
    const first = lead(ha, 'jm:1')
    const { retriever, seen } = retrieverIn(world, 'jm:1')
    await settle()
    const second = lead(haOf(5), 'jm:1')
    ha.leaders.publish(COMPONENT, second)
    await advance(world.clock, 30_000, 1000)
    t.same(seen, [first, second])
    await retriever.close()
  },
)
