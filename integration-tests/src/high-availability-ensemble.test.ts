import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { zookeeperMissing } from './clusters/zookeeper.js'
import { startCheckpointStorage } from './faults/checkpoint-storage.js'
import { Coordination } from './faults/coordination.js'
import { FaultCluster } from './faults/fault-cluster.js'
import { FaultJob } from './faults/fault-job.js'
import { readRows } from './faults/read-output.js'
import { RowChecker } from './faults/row-checker.js'
import { until } from './support/until.js'

// An ensemble of three whose own leader dies elects another one: nobody is served for a second or so, and nothing comes of it.

const SESSION_TIMEOUT_MS = 10_000

t.setTimeout(300_000)

/** Two JobManagers and a TaskManager, in processes of their own. */
async function startCluster(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'flink-it-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const storage = await startCheckpointStorage('local', folder)
  t.teardown(() => storage.close())
  const coordination = await Coordination.start(folder, SESSION_TIMEOUT_MS, 3)
  t.teardown(() => coordination.close())
  const cluster = await FaultCluster.prepare({
    folder,
    coordination,
    jobManagers: 2,
    taskManagers: 1,
    slots: 2,
    configuration: {
      'env.log.level': 'INFO',
      'execution.checkpointing.interval': '500 ms',
      'execution.checkpointing.dir': storage.checkpoints,
    },
  })
  t.teardown(() => cluster.close())
  await cluster.start()
  const job = new FaultJob(cluster, {
    count: 15_000,
    keys: 100,
    rate: 1_000,
    folder: join(folder, 'job'),
    storage,
  })
  return { cluster, coordination, job }
}

t.test(
  'the end of the leader of the ensemble costs no JobManager its leadership',
  { skip: zookeeperMissing() ?? false },
  async (t) => {
    const { cluster, coordination, job } = await startCluster(t)
    const { ensemble } = coordination
    await until('both JobManagers take part', async () => {
      return (await coordination.contenders()).length === 2
    })
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
    const checker = new RowChecker(job.options)
    await readRows(job.output, (row) => checker.add(row))
    t.match(checker.result(), { lost: 0, duplicated: 0, examples: [] }, 'each row once')
    t.equal((await cluster.ask((rest) => rest.jobDetails(job.id))).state, 'FINISHED')
    t.equal(coordination.leaders, 1, 'one term')
    t.strictSame(await coordination.contenders(), before, 'the queue is as it was')
    await cluster.shutDown()
  },
)
