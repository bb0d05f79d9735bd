import { expectFinished } from './expectations.js'
import { RESTARTING } from './restarting.js'
import type { Scenario } from './scenario.js'
import { wordCountJob } from './word-count-job.js'

export const lossyNetwork: Scenario = {
  name: 'lossy-network',
  description: 'Requests and responses of all calls are lost, delayed and reordered for a minute.',
  async run({ random, start }) {
    const cluster = await start({ taskManagers: 3, maxTurnMs: 5, configuration: RESTARTING })
    const { program, check } = await wordCountJob(cluster, random)
    cluster.world.policy.faults = {
      minDelayMs: 0.2,
      maxDelayMs: 20,
      slowProbability: 0.05,
      slowFactor: 50,
      requestLoss: random.next() * 0.15,
      responseLoss: random.next() * 0.15,
    }
    const job = await cluster.submit(program)
    await cluster.advance(60_000)
    cluster.heal()
    expectFinished(await job.end())
    await check(cluster)
  },
}
