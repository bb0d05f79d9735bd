import { doHarm, endHarm } from '../simulation/nemesis/nemesis.js'
import { CHAOS_CONFIGURATION } from './chaos.js'
import { endlessJob } from './endless-job.js'
import { expectStatus } from './expectations.js'
import { cancelForGood, ignoreTimeout } from './recovery.js'
import type { Scenario } from './scenario.js'

export const cancel: Scenario = {
  name: 'cancel',
  description: 'A job without end is cancelled at any moment of its life.',
  async run({ random, start }) {
    const cluster = await start({ taskManagers: 2, maxTurnMs: 40 })
    const job = await cluster.submit(endlessJob(4))
    await cluster.advance(random.next() * 200)
    await job.cancel()
    expectStatus(await job.end(), 'CANCELED')
  },
}

export const cancelChaos: Scenario = {
  name: 'cancel-chaos',
  description: 'Jobs are cancelled amidst faults of all kinds, also while leaders change.',
  async run({ random, start }) {
    const cluster = await start({
      taskManagers: 3,
      highlyAvailableJobManagers: 2,
      maxTurnMs: 50 + random.next() ** 2 * 500,
      configuration: CHAOS_CONFIGURATION,
    })
    const jobs = [await cluster.submit(endlessJob(1)), await cluster.submit(endlessJob(2))]
    const options = { random, meanPauseMs: 200 + random.next() * 2_000, minTaskManagers: 3 }
    for (const job of jobs) {
      await doHarm(cluster, { ...options, periodMs: random.next() * 20_000 })
      // Perhaps nobody can be reached now, or whoever takes it cannot keep its word.
      await ignoreTimeout(job.cancel(5_000))
    }
    await doHarm(cluster, { ...options, periodMs: random.next() * 10_000 })
    await endHarm(cluster, options)
    for (const job of jobs) expectStatus(await cancelForGood(cluster, job), 'CANCELED')
  },
}
