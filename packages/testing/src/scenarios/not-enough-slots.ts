import assert from 'node:assert/strict'
import { expectFinished, expectStatus } from './expectations.js'
import type { Scenario } from './scenario.js'
import { PIPELINED, wordCountJob } from './word-count-job.js'

export const notEnoughSlotsThenJoin: Scenario = {
  name: 'not-enough-slots-then-join',
  description:
    'A job waits for slots; it runs when a TaskManager joins in time, and fails when none does.',
  async run({ random, start }) {
    const cluster = await start({ taskManagers: 1 })
    const { program, check } = await wordCountJob(cluster, random)
    // All tasks at once; with blocking results fewer slots would do.
    const job = await cluster.submit(program, PIPELINED)
    const joins = random.next() < 0.7
    await cluster.advance(1_000 + random.next() * 200_000)
    assert.equal(await job.status(), 'RUNNING', 'a job that waits for slots is RUNNING')
    if (!joins) {
      const info = await job.end()
      expectStatus(info, 'FAILED')
      const history = JSON.stringify(info.exceptionHistory)
      assert.match(history, /NoResourceAvailable/, 'the cause says what was missing')
      return
    }
    await cluster.startTaskManager()
    expectFinished(await job.end())
    await check(cluster)
  },
}
