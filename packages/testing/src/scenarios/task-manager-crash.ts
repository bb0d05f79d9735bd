import { expectFinished } from './expectations.js'
import { RESTARTING } from './restarting.js'
import type { Scenario } from './scenario.js'
import { wordCountJob } from './word-count-job.js'

export const taskManagerCrash: Scenario = {
  name: 'task-manager-crash',
  description:
    'One of three TaskManagers dies at any moment of a job, which restarts on the others.',
  async run({ random, start }) {
    const cluster = await start({ taskManagers: 3, maxTurnMs: 5, configuration: RESTARTING })
    const { program, check } = await wordCountJob(cluster, random)
    const job = await cluster.submit(program)
    await cluster.advance(random.next() * 200)
    cluster.crashTaskManager(1 + random.nextInt(3), { silent: random.next() < 0.3 })
    if (random.next() < 0.5) await cluster.startTaskManager()
    expectFinished(await job.end())
    await check(cluster)
  },
}
