import assert from 'node:assert/strict'
import type { SimulatedCluster } from '../simulation/cluster/simulated-cluster.js'
import { restorableBelow } from '../simulation/invariants/checkpoint-invariants.js'
import { unleashNemesis } from '../simulation/nemesis/nemesis.js'
import { CHAOS_CONFIGURATION } from './chaos.js'
import { CHECKPOINT_FOLDER, checkpointKeys, countingJob } from './counting-job.js'
import { expectFinished } from './expectations.js'
import { RECOVERY_MS } from './recovery.js'
import type { Scenario } from './scenario.js'

export const checkpoints: Scenario = {
  name: 'checkpoints',
  description:
    'A job with checkpoints amidst faults of all kinds, under several leaders, counts and writes everything once.',
  async run({ random, start }) {
    const isAdaptive = random.next() < 0.4
    const cluster = await start({
      taskManagers: 3,
      highlyAvailableJobManagers: 2,
      maxTurnMs: 5 + random.next() * 100,
      configuration: {
        ...CHAOS_CONFIGURATION,
        ...checkpointKeys(random),
        ...(isAdaptive && { 'jobmanager.scheduler': 'adaptive' }),
      },
    })
    const counting = countingJob(random, { numbers: 300 + random.nextInt(1_500) })
    const parallelism = 2 + random.nextInt(2)
    const job = await cluster.submit(counting.program({ parallelism, output: '/out' }))
    await unleashNemesis(cluster, {
      random,
      periodMs: 3_000 + random.next() * 40_000,
      meanPauseMs: 300 + random.next() * 3_000,
      minTaskManagers: 2,
      look: () => cluster.checkCheckpoints(CHECKPOINT_FOLDER),
    })
    expectFinished(await job.end(RECOVERY_MS))
    await counting.check(cluster, ['/out'])
    await expectRemoved(cluster)
  },
}

/** @throws AssertionError unless the checkpoints of a job that has finished go within bounded time, whoever removes them */
async function expectRemoved(cluster: SimulatedCluster): Promise<void> {
  const deadlineMs = cluster.nowMs + RECOVERY_MS
  for (;;) {
    const left = await restorableBelow(cluster.world.files, CHECKPOINT_FOLDER)
    if (left.length === 0) return
    assert(cluster.nowMs < deadlineMs, `nothing of a finished job is left, but there is ${left}`)
    await cluster.advance(1_000)
  }
}
