import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { isAlive, killHard } from './support/processes.js'
import { jobIdIn } from './support/submitted-jobs.js'
import { program, TestCluster } from './support/test-cluster.js'
import { until } from './support/until.js'
import { outputLines } from './support/words.js'

t.setTimeout(600_000)

const cluster = await TestCluster.start(t, {
  // Longer than the tests wait: a TaskManager that is killed has to be noticed by its connections.
  configuration: { 'heartbeat.interval': '10 s', 'heartbeat.timeout': '120 s' },
})
const jobManagerPid = cluster.jobManagerPid

t.test(
  'a user function that throws: flink run fails with the error, its TypeScript file and line',
  async (t) => {
    const { code, stdout, stderr } = await cluster.flink('run', program('throws.ts'))
    t.equal(code, 1)
    t.match(stdout, /^Job has been submitted with JobID [0-9a-f]{32}\n$/)
    t.match(stderr, /^ The program finished with the following exception:$/m)
    t.match(stderr, /JobExecutionError \[FLINK_JOB_EXECUTION\]: Job failed \(JobID: [0-9a-f]{32}\)/)
    t.match(stderr, 'RangeError: order 2 has no customer')
    t.match(stderr, /nameOf.*throws\.ts:11/)
    t.match(stderr, /names/, 'the operator')
    t.notMatch(stderr, /^\s+at .*packages\/.*dist/m, 'none of our own frames')
    t.ok(stderr.split('\n').length < 50, 'on one screen')

    const jobId = jobIdIn(stdout)
    t.match(
      await cluster.rootException(jobId),
      /RangeError: order 2 has no customer.*throws\.ts:11/s,
    )
  },
)

t.test('after a job that failed the cluster is healthy and runs the next one', async (t) => {
  const overview = await until('the slots are free', async () => {
    const now = await cluster.rest.clusterOverview()
    return now['slots-available'] === 4 && now
  })
  t.match(overview, { taskmanagers: 2, 'jobs-failed': 1, 'jobs-running': 0 })
  const { code, stderr } = await cluster.flink('run', program('one-two-three.ts'))
  t.equal(code, 0, stderr)
})

/** Submits a job that stops in the middle, and kills the TaskManager that it runs on. */
async function killedInTheMiddle(name: string, ...options: string[]) {
  const gate = join(cluster.folder, `${name}.gate`)
  const output = join(cluster.folder, `${name}.output`)
  const jobId = await cluster.submit(...options, program('gated-numbers.ts'), gate, output)
  const { vertices } = await cluster.untilStatus(jobId, 'RUNNING')
  const { subtasks } = await cluster.rest.vertexDetails(jobId, vertices[0]!.id)
  const killed = subtasks[0]!['taskmanager-id']
  killHard(cluster.taskManagerPid(killed))
  return { jobId, killed, output, vertexId: vertices[0]!.id, open: () => writeFileSync(gate, '') }
}

t.test(
  'a TaskManager killed with SIGKILL is noticed at once; without restarts its job fails',
  async (t) => {
    const { jobId, killed } = await killedInTheMiddle('none', '-D', 'restart-strategy.type=none')
    await cluster.untilStatus(jobId, 'FAILED')
    t.match(await cluster.rootException(jobId), killed)
    await until('the TaskManager is gone from REST', async () => {
      return (await cluster.rest.clusterOverview()).taskmanagers === 1
    })
    const { code, stderr } = await cluster.flink('run', program('one-two-three.ts'))
    t.equal(code, 0, `the JobManager goes on: ${stderr}`)
    t.match(await cluster.script('taskmanager.sh', 'start'), { code: 0 })
    await cluster.untilSlots(4)
  },
)

t.test(
  'a TaskManager killed with SIGKILL: with fixed-delay its job runs on another one, and its output is right',
  async (t) => {
    const { jobId, killed, output, vertexId, open } = await killedInTheMiddle(
      'fixed-delay',
      ...['-D', 'restart-strategy.type=fixed-delay'],
      ...['-D', 'restart-strategy.fixed-delay.attempts=2'],
      ...['-D', 'restart-strategy.fixed-delay.delay=100ms'],
    )
    const second = await until('the second attempt runs', async () => {
      const { subtasks } = await cluster.rest.vertexDetails(jobId, vertexId)
      const [subtask] = subtasks
      return subtask!.attempt === 1 && subtask!.status === 'RUNNING' && subtask
    })
    t.not(second['taskmanager-id'], killed)
    open()
    await cluster.untilStatus(jobId, 'FINISHED')
    t.strictSame(
      outputLines(output)
        .map(Number)
        .sort((a, b) => a - b),
      Array.from({ length: 1000 }, (_, i) => i + 1),
    )
    t.match(await cluster.rest.jobExceptions(jobId), { exceptionHistory: { entries: [{}] } })
  },
)

t.test('tasks that read from a TaskManager that is killed fail within a second', async (t) => {
  // Once at least: on a busy machine the processes have to wait for their turn.
  const latestMs: number[] = []
  while (latestMs.length < 4 && !latestMs.some((ms) => ms < 1000)) {
    latestMs.push(await latestEndAfterKill(t))
  }
  t.ok(latestMs.at(-1)! < 1000, `the last task ended after ${latestMs.join(', ')} ms`)
})

/** Kills one of two TaskManagers of a job. @returns when the last task on the other one had ended, in ms from then */
async function latestEndAfterKill(t: Test): Promise<number> {
  t.match(await cluster.script('taskmanager.sh', 'start'), { code: 0 })
  await cluster.untilSlots(4)
  const jobId = await cluster.submit(
    ...['-p', '4', '-D', 'restart-strategy.type=none'],
    program('endless-keys.ts'),
  )
  const { vertices } = await cluster.untilStatus(jobId, 'RUNNING')
  const [source] = vertices
  const { subtasks } = await cluster.rest.vertexDetails(jobId, source!.id)
  const [killed, other] = [...new Set(subtasks.map((subtask) => subtask['taskmanager-id']))]
  t.ok(other !== undefined, 'it runs on two TaskManagers')

  const killedAt = Date.now()
  killHard(cluster.taskManagerPid(killed!))
  await cluster.untilStatus(jobId, 'FAILED')
  // By its own broken connection (FAILED), or because the JobManager's to the killed one broke first (CANCELED).
  const ended = await until('the tasks of the other TaskManager have ended', () => {
    const lines = cluster
      .logs('taskexecutor', 'log')
      .split('\n')
      .filter((line) => /Task changed its state.*state="?(FAILED|CANCELED)/.test(line))
      .filter((line) => line.includes(jobId))
    return lines.length >= 2 && lines
  })
  return Math.max(
    ...ended.map((line) => Date.parse(line.slice(0, 23).replace(',', '.')) - killedAt),
  )
}

t.test('the JobManager is the same process through all of it', async (t) => {
  t.equal(cluster.jobManagerPid, jobManagerPid)
  t.equal(isAlive(jobManagerPid), true)
  t.notMatch(cluster.logs('standalonesession', 'log'), /Fatal error/)
})
