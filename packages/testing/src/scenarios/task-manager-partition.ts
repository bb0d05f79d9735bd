import { expectFinished } from './expectations.js'
import { RESTARTING } from './restarting.js'
import type { Scenario } from './scenario.js'
import { wordCountJob } from './word-count-job.js'

export const taskManagerPartition: Scenario = {
  name: 'task-manager-partition',
  description:
    'A TaskManager is cut off in the middle of a job, for a moment or until it is given up, and comes back.',
  async run({ random, start }) {
    // In a slow job the others go on without it while it still works for the job.
    const maxTurnMs = random.next() < 0.5 ? 5 : 1_000
    const cluster = await start({ taskManagers: 3, maxTurnMs, configuration: RESTARTING })
    const { program, check } = await wordCountJob(cluster, random)
    const job = await cluster.submit(program)
    await cluster.advance(random.next() * 40 * maxTurnMs)
    cluster.partition(1 + random.nextInt(3))
    await cluster.advance(random.next() * (random.next() < 0.5 ? 2_000 : 120_000))
    cluster.heal()
    expectFinished(await job.end())
    await check(cluster)
  },
}
