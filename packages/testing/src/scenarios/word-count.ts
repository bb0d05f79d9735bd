import { expectFinished } from './expectations.js'
import type { Scenario } from './scenario.js'
import { wordCountJob } from './word-count-job.js'

export const wordCount: Scenario = {
  name: 'word-count',
  description: 'Three TaskManagers count the words of a text at parallelism 4.',
  async run({ random, start }) {
    const cluster = await start({ taskManagers: 3 })
    const { program, check } = await wordCountJob(cluster, random)
    const job = await cluster.submit(program)
    expectFinished(await job.end())
    await check(cluster)
  },
}
