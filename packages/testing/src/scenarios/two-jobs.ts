import { expectFinished } from './expectations.js'
import { RESTARTING } from './restarting.js'
import type { Scenario } from './scenario.js'
import { PIPELINED, wordCountJob } from './word-count-job.js'

export const twoJobs: Scenario = {
  name: 'two-jobs',
  description:
    'Two jobs want more slots than there are; both end well, one after the other or with the slots of a newcomer.',
  async run({ random, start }) {
    const cluster = await start({ taskManagers: 2, maxTurnMs: 5, configuration: RESTARTING })
    const first = await wordCountJob(cluster, random, { parallelism: 3, output: '/first' })
    const second = await wordCountJob(cluster, random, { parallelism: 3, output: '/second' })
    const firstJob = await cluster.submit(first.program, PIPELINED)
    await cluster.advance(random.next() * 100)
    const secondJob = await cluster.submit(second.program, PIPELINED)
    await cluster.advance(random.next() * 200)
    if (random.next() < 0.5) {
      // Enough for both again: with less, each may hold what the other waits for, as in Flink.
      await cluster.startTaskManager()
      await cluster.startTaskManager()
      cluster.crashTaskManager(1 + random.nextInt(2), { silent: random.next() < 0.3 })
    }
    expectFinished(await firstJob.end())
    expectFinished(await secondJob.end())
    await first.check(cluster)
    await second.check(cluster)
  },
}
