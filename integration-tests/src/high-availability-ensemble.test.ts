import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { zookeeperMissing } from './clusters/zookeeper.js'
import { checkOutput } from './faults/check-output.js'
import { TwoJobManagers } from './high-availability/two-job-managers.js'
import { until } from './support/until.js'

// An ensemble of three whose own leader dies elects another one: nobody is served for a second or so, and nothing comes of it.

/** Five sixths of it are more than servers need for a leader of their own, also on a busy machine. */
const SESSION_TIMEOUT_MS = 20_000

t.setTimeout(300_000)

t.test(
  'the end of the leader of the ensemble costs no JobManager its leadership',
  { skip: zookeeperMissing() ?? false },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'flink-it-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const two = await TwoJobManagers.start(folder, {
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      servers: 3,
      taskManagers: 1,
      slots: 2,
      job: { count: 15_000, keys: 100, rate: 1_000 },
    })
    t.teardown(() => two.close())
    const { cluster, coordination } = two
    const { ensemble } = coordination
    const job = two.newJob()
    await two.untilBothTakePart()
    const before = await coordination.contenders()
    await job.submit(2)
    await until('a checkpoint is complete', () => job.parts().size > 0)

    await t.test('killed, one after the other', async () => {
      for (let change = 0; change < 2; change++) {
        const former = await ensemble.leader()
        await ensemble.kill(former)
        await ensemble.leader()
        await until('the ensemble answers', () => coordination.contenders())
        await ensemble.restart(former)
      }
    })
    await t.test('frozen, until the others have another one', async () => {
      const former = await ensemble.leader()
      ensemble.stop(former)
      try {
        await until('another server leads', async () => (await ensemble.leader()) !== former)
        await until('the ensemble answers', () => coordination.contenders())
      } finally {
        ensemble.resume(former)
      }
    })
    await until('the job finishes', () => job.isFinished(), 90_000)
    t.match(await checkOutput(job), { lost: 0, duplicated: 0, examples: [] }, 'each row once')
    t.equal((await cluster.ask((rest) => rest.jobDetails(job.id))).state, 'FINISHED')
    t.equal(coordination.leaders, 1, 'one term')
    t.strictSame(await coordination.contenders(), before, 'the queue is as it was')
    await cluster.shutDown()
  },
)
