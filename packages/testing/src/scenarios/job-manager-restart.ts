import { CHAOS_CONFIGURATION } from './chaos.js'
import { endlessJob } from './endless-job.js'
import { expectFinished } from './expectations.js'
import type { Scenario } from './scenario.js'
import { wordCountJob } from './word-count-job.js'

export const jobManagerRestart: Scenario = {
  name: 'job-manager-restart',
  description:
    'The only JobManager dies, and its jobs with it; TaskManagers give up their tasks and serve its successor.',
  async run({ random, start }) {
    const cluster = await start({
      taskManagers: 2,
      maxTurnMs: 20,
      configuration: CHAOS_CONFIGURATION,
    })
    await cluster.submit(endlessJob(1 + random.nextInt(4)))
    await cluster.advance(random.next() ** 2 * 2_000)
    cluster.faultInjection.crashJobManager(1, { silent: random.next() < 0.3 })
    await cluster.advance(random.next() ** 2 * 120_000)
    await cluster.startJobManager()
    const { program, check } = await wordCountJob(cluster, random)
    expectFinished(await (await cluster.submit(program)).end())
    await check(cluster)
  },
}
