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
import { isAlive } from './support/processes.js'
import { until } from './support/until.js'

const SESSION_TIMEOUT_MS = 2000

t.setTimeout(300_000)

/** Two JobManagers and two TaskManagers, in processes of their own. */
async function startCluster(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'flink-it-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const storage = await startCheckpointStorage('local', folder)
  t.teardown(() => storage.close())
  const coordination = await Coordination.start(folder, SESSION_TIMEOUT_MS, 1)
  t.teardown(() => coordination.close())
  const cluster = await FaultCluster.prepare({
    folder,
    coordination,
    jobManagers: 2,
    taskManagers: 2,
    slots: 1,
    configuration: {
      'env.log.level': 'INFO',
      'heartbeat.interval': '500 ms',
      'heartbeat.timeout': '10 s',
      'execution.checkpointing.interval': '500 ms',
      'execution.checkpointing.dir': storage.checkpoints,
    },
  })
  t.teardown(() => cluster.close())
  await cluster.start()
  let jobs = 0
  const newJob = () =>
    new FaultJob(cluster, {
      count: 9000,
      keys: 100,
      rate: 1500,
      folder: join(folder, `job-${jobs++}`),
      storage,
    })
  return { cluster, coordination, newJob }
}

async function checkRows(t: Test, job: FaultJob): Promise<void> {
  const checker = new RowChecker(job.options)
  await readRows(job.output, (row) => checker.add(row))
  t.match(checker.result(), { lost: 0, duplicated: 0, examples: [] }, 'each row once')
  t.strictSame(job.violations(), [])
}

async function checkNothingIsLeft(t: Test, look: () => Promise<string[]>): Promise<void> {
  let left: string[] = []
  await until('all is removed', async () => {
    left = await look()
    return left.length === 0
  }).catch(() => {})
  t.strictSame(left, [], 'no node and no file is left')
}

t.test('two JobManagers with ZooKeeper', { skip: zookeeperMissing() ?? false }, async (t) => {
  const { cluster, coordination, newJob } = await startCluster(t)
  const leaderAndStandby = async () => {
    const leader = await cluster.leader()
    return { leader, standby: cluster.jobManagers.find((place) => place !== leader)! }
  }

  await t.test(
    'SIGKILL of the leader: its jobs go on, the client attached reports, TaskManagers stay',
    async (t) => {
      const job = newJob()
      const client = await job.runAttached(2)
      await until('a checkpoint is complete', () => job.parts().size > 0)
      const { leader, standby } = await leaderAndStandby()
      const [byLeader, byStandby] = await Promise.all(
        [leader, standby].map(({ rest }) => rest.jobDetails(job.id)),
      )
      t.equal(byStandby!.name, byLeader!.name, 'a standby answers as the leader does')
      const taskManagers = cluster.places.map(({ pid }) => pid)

      await cluster.kill(leader.pid!)
      const { code, stdout, stderr } = await client.result()
      t.equal(code, 0, 'the client ends well')
      t.match(stdout, `Job with JobID ${job.id} has finished.`)
      t.match(stderr, /switched to status FINISHED/)
      t.equal(await cluster.leader(), standby)
      t.ok(
        taskManagers.every((pid) => isAlive(pid!)),
        'TaskManagers live',
      )
      t.equal((await standby.rest.taskManagers()).length, 2)
      await checkRows(t, job)
      await cluster.refill()
      await checkNothingIsLeft(t, () => coordination.leftoversOfJobs())
    },
  )

  await t.test('a leader that is stopped for long does nothing more and rejoins', async (t) => {
    const job = newJob()
    await job.submit(2)
    await until('a checkpoint is complete', () => job.parts().size > 0)
    const { leader, standby } = await leaderAndStandby()
    await until('both JobManagers take part', async () => {
      return (await coordination.contenders()).length === 2
    })
    process.kill(leader.pid!, 'SIGSTOP')
    await until('the standby leads', async () => (await cluster.leader()) === standby)
    process.kill(leader.pid!, 'SIGCONT')
    await until('the job goes on and finishes', () => job.isFinished(), 90_000)
    await until('the former leader takes part again', async () => {
      const [first, second] = await coordination.contenders()
      return (
        first?.endsWith(`:${standby.control.port}`) && second?.endsWith(`:${leader.control.port}`)
      )
    })
    t.ok(isAlive(leader.pid!))
    t.equal(await cluster.leader(), standby)
    await until('the former leader passes questions on', async () => {
      return (await leader.rest.jobDetails(job.id)).state === 'FINISHED'
    })
    await checkRows(t, job)
    await checkNothingIsLeft(t, () => coordination.leftoversOfJobs())
  })

  await t.test('a cluster that is shut down leaves nothing', async (t) => {
    await cluster.shutDown()
    await checkNothingIsLeft(t, () => coordination.leftoversOfCluster())
  })
})
