import { unleashNemesis } from '../simulation/nemesis/nemesis.js'
import { CHAOS_CONFIGURATION } from './chaos.js'
import { checkpointKeys, countingJob } from './counting-job.js'
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
    })
    expectFinished(await job.end(RECOVERY_MS))
    await counting.check(cluster, ['/out'])
  },
}
