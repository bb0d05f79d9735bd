import assert from 'node:assert/strict'
import type { Random } from '@flink-ts/core'
import type { SimulatedCluster } from '../simulation/cluster/simulated-cluster.js'
import { CHAOS_CONFIGURATION } from './chaos.js'
import { CHECKPOINT_FOLDER, checkpointKeys, countingJob } from './counting-job.js'
import { expectFinished } from './expectations.js'
import { RECOVERY_MS } from './recovery.js'
import type { Scenario } from './scenario.js'

/** A leader is there again within this time. Virtual milliseconds. */
const ELECTED_WITHIN_MS = 60_000
/** The longest of what makes a leader go. */
const MAX_FAULT_MS = 30_000

export const zookeeper: Scenario = {
  name: 'zookeeper',
  description:
    'Leaders change again and again, each in another way, under a job with checkpoints: nothing is lost, doubled or left behind.',
  run: (context) => changeLeaders(context, 8),
}

/** As {@link zookeeper}, longer: not among those of each seed. */
export const hundredLeaders: Scenario = {
  name: 'hundred-leaders',
  description:
    'A hundred changes of the leader in a row, at any moment of one job with checkpoints.',
  run: (context) => changeLeaders(context, 100),
}

/**
 * Changes the leader so often, at any moment of a job.
 *
 * @throws AssertionError unless a higher term follows each time, and the job counts and writes everything once
 */
async function changeLeaders(
  { random, start }: Parameters<Scenario['run']>[0],
  changes: number,
): Promise<void> {
  const cluster = await start({
    taskManagers: 2,
    highlyAvailableJobManagers: 3,
    maxTurnMs: 1 + random.next() * 10,
    configuration: {
      ...CHAOS_CONFIGURATION,
      ...checkpointKeys(random),
      'high-availability.zookeeper.client.tolerate-suspended-connections': `${random.next() < 0.3}`,
    },
  })
  const coordination = cluster.world.coordination!
  const counting = countingJob(random, { numbers: 60 * changes })
  const job = await cluster.submit(counting.program({ parallelism: 2, output: '/out' }))
  for (let i = 0; i < changes && !job.hasEnded; i++) {
    await cluster.advance(random.next() * 4_000)
    const [before] = coordination.latchNodes
    assert(before !== undefined, 'somebody leads')
    const czxid = coordination.zooKeeper.czxid(before)!
    await endTerm(cluster, coordination.leader!, random)
    await cluster.advanceUntil(
      `a leader after ${before}`,
      () => {
        const [now] = coordination.latchNodes
        return now !== undefined && coordination.zooKeeper.czxid(now)! > czxid
      },
      ELECTED_WITHIN_MS + MAX_FAULT_MS,
    )
    await cluster.restartLostJobManagers()
    await cluster.checkCheckpoints(CHECKPOINT_FOLDER)
  }
  cluster.heal()
  expectFinished(await job.end(RECOVERY_MS))
  await counting.check(cluster, ['/out'])
}

/** One of all ways in which a term can end. */
async function endTerm(cluster: SimulatedCluster, leader: string, random: Random): Promise<void> {
  const { faultInjection, world } = cluster
  const ways: readonly (() => void)[] = [
    () => faultInjection.revokeLeadership(),
    () => faultInjection.expireLeader(random.next() * MAX_FAULT_MS),
    () => faultInjection.crashJobManager(Number(leader.slice('jm-'.length)), { silent: true }),
    () => faultInjection.crashJobManager(Number(leader.slice('jm-'.length))),
    // Longer than its session.
    () => faultInjection.pause(leader, 22_000 + random.next() * 8_000),
    () => faultInjection.cutFromZooKeeper(leader, 25_000, 'late'),
    () => faultInjection.cutFromZooKeeper(leader, 25_000, 'at-once'),
    () => {
      faultInjection.loseQuorum(random.next() * 8_000)
      // Those who tolerate that go on leading.
      world.time.schedule(10_000, () => faultInjection.revokeLeadership())
    },
  ]
  ways[random.nextInt(ways.length)]!()
}
