import assert from 'node:assert/strict'
import { doHarm, endHarm } from '../simulation/nemesis/nemesis.js'
import { CHAOS_CONFIGURATION } from './chaos.js'
import { endlessJob } from './endless-job.js'
import { expectFinished } from './expectations.js'
import type { Scenario } from './scenario.js'
import { wordCountJob } from './word-count-job.js'

/** The cluster manager has all workers back within this time. Virtual milliseconds. */
const ENDS_WITHIN_MS = 60_000
/** Longer than any pause, and the session of whoever stood still. */
const SETTLED_MS = 110_000

export const jobCluster: Scenario = {
  name: 'job-cluster',
  description:
    'A cluster that was started for one job ends with it, or amidst it; workers go, and nothing is left for a later leader.',
  async run({ random, start }) {
    const cluster = await start({
      elastic: true,
      highlyAvailableJobManagers: 2,
      maxTurnMs: 50 + random.next() * 300,
      configuration: { ...CHAOS_CONFIGURATION, 'taskmanager.registration.timeout': '5 min' },
    })
    const endsWithJob = random.next() < 0.6
    const { program, check } = await wordCountJob(cluster, random, { parallelism: 2, lines: 100 })
    const job = await cluster.submit(endsWithJob ? program : endlessJob(2))
    await doHarm(cluster, { random, periodMs: random.next() * 20_000 })
    await endHarm(cluster, {})
    // Whoever leads now goes on leading: a leader that is about to lose its leadership cannot end the cluster.
    await cluster.advance(SETTLED_MS)
    if (endsWithJob) {
      expectFinished(await job.end())
      await check(cluster)
    }
    const status = endsWithJob ? 'SUCCEEDED' : 'CANCELED'
    await cluster.shutDown(status)
    const { clusterManager, world } = cluster
    const isGone = () => clusterManager!.containers.length === 0
    await cluster.advanceUntil('the end of all workers', isGone, ENDS_WITHIN_MS)
    assert.equal(clusterManager!.finalStatus, status, 'the cluster manager was told how it ended')
    assert.deepEqual(world.coordination!.entryPaths, [], 'nothing is left for a later leader')
  },
}
