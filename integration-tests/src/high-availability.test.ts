import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { zookeeperMissing } from './clusters/zookeeper.js'
import { checkOutput } from './faults/check-output.js'
import type { FaultJob } from './faults/fault-job.js'
import { TwoJobManagers } from './high-availability/two-job-managers.js'
import { isAlive, stopProcess } from './support/processes.js'
import { until } from './support/until.js'

/** Nobody loses it on a machine that is merely busy. */
const SESSION_TIMEOUT_MS = 5000

t.setTimeout(600_000)

async function checkRows(t: Test, job: FaultJob): Promise<void> {
  t.match(await checkOutput(job), { lost: 0, duplicated: 0, examples: [] }, 'each row once')
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
  const folder = mkdtempSync(join(tmpdir(), 'flink-it-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const two = await TwoJobManagers.start(folder, {
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    taskManagers: 2,
    slots: 1,
    configuration: { 'heartbeat.interval': '500 ms', 'heartbeat.timeout': '10 s' },
    job: { count: 9000, keys: 100, rate: 1500 },
  })
  t.teardown(() => two.close())
  const { cluster, coordination } = two
  const leaderAndStandby = async () => {
    const leader = await cluster.leader()
    return { leader, standby: cluster.jobManagers.find((place) => place !== leader)! }
  }

  await t.test(
    'SIGKILL of the leader: its jobs go on, the client attached reports, TaskManagers stay',
    async (t) => {
      const job = two.newJob()
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
    const job = two.newJob()
    await job.submit(2)
    await until('a checkpoint is complete', () => job.parts().size > 0)
    const { leader, standby } = await leaderAndStandby()
    await two.untilBothTakePart()
    stopProcess(leader.pid!)
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

  await t.test('without ZooKeeper nobody leads; when it is back the job goes on', async (t) => {
    const job = two.newJob()
    await job.submit(2)
    await until('a checkpoint is complete', () => job.parts().size > 0)
    const pids = [...cluster.jobManagers, ...cluster.places].map(({ pid }) => pid)
    await coordination.ensemble.kill(1)
    await until('both JobManagers say that nobody leads', async () => {
      const answers = cluster.jobManagers.map(({ rest }) =>
        rest.clusterOverview().then(
          () => 200,
          (error: { statusCode?: number }) => error.statusCode,
        ),
      )
      return (await Promise.all(answers)).every((status) => status === 503)
    })
    await coordination.ensemble.restart(1)
    await until('the job goes on and finishes', () => job.isFinished(), 90_000)
    t.ok(
      pids.every((pid) => isAlive(pid!)),
      'all processes live',
    )
    await checkRows(t, job)
    await checkNothingIsLeft(t, () => coordination.leftoversOfJobs())
  })

  await t.test('a cluster that is shut down leaves nothing', async (t) => {
    await cluster.shutDown()
    await checkNothingIsLeft(t, () => coordination.leftoversOfCluster())
  })
})
