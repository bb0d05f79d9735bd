import { expectStatus } from './expectations.js'
import type { Scenario } from './scenario.js'

export const cancel: Scenario = {
  name: 'cancel',
  description: 'A job without end is cancelled at any moment of its life.',
  async run({ random, start }) {
    const cluster = await start({ taskManagers: 2, maxTurnMs: 40 })
    const job = await cluster.submit((env) => {
      env.setParallelism(4)
      env
        .fromSequence(0, 1e12)
        .rebalance()
        .filter((n) => n < 0)
        .print()
      return env.execute('endless')
    })
    await cluster.advance(random.next() * 200)
    await job.cancel()
    expectStatus(await job.end(), 'CANCELED')
  },
}
