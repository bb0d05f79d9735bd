import { expectFinished } from './expectations.js'
import type { Scenario } from './scenario.js'
import { wordCountJob } from './word-count-job.js'

export const slowNetwork: Scenario = {
  name: 'slow-network',
  description: 'Messages take long, some much longer, so that they overtake each other.',
  async run({ random, start }) {
    const cluster = await start({
      taskManagers: 3,
      faults: {
        minDelayMs: 5,
        maxDelayMs: 50 + random.next() * 150,
        slowProbability: 0.1,
        slowFactor: 20,
        requestLoss: 0,
        responseLoss: 0,
      },
    })
    const { program, check } = await wordCountJob(cluster, random)
    const job = await cluster.submit(program)
    expectFinished(await job.end())
    await check(cluster)
  },
}
