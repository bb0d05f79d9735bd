import { CHAOS_CONFIGURATION } from './chaos.js'
import { endlessJob } from './endless-job.js'
import { expectFinished } from './expectations.js'
import { askUntilEnd, expectRuns } from './recovery.js'
import type { Scenario } from './scenario.js'

export const drain: Scenario = {
  name: 'drain',
  description:
    'The sources of a job without end are asked to end while a TaskManager dies; it finishes.',
  async run({ random, start }) {
    const cluster = await start({
      taskManagers: 3,
      maxTurnMs: 20,
      configuration: CHAOS_CONFIGURATION,
    })
    const job = await cluster.submit(endlessJob(1 + random.nextInt(4)))
    await expectRuns(cluster, job)
    await cluster.advance(random.next() * 1_000)
    await job.drain()
    if (random.next() < 0.7) {
      await cluster.advance(random.next() ** 2 * 500)
      cluster.crashTaskManager(1 + random.nextInt(3), { silent: random.next() < 0.3 })
    }
    // A job that was restarted meanwhile has to be asked again.
    expectFinished(await askUntilEnd(cluster, job, () => job.drain()))
  },
}
