import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { program, TestCluster } from './support/test-cluster.js'
import { startTextServer } from './support/text-server.js'
import { checkTransitions } from './support/transition-checker.js'
import { until } from './support/until.js'

t.setTimeout(600_000)

const SOCKET_WORDS = program('socket-words.ts')
const cluster = await TestCluster.start(t, {
  taskManagers: 1,
  configuration: {
    'env.log.level': 'DEBUG',
    'jobmanager.scheduler': 'Adaptive',
    'jobmanager.adaptive-scheduler.submission.resource-stabilization-timeout': '0',
    'jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling': '0',
    'jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout': '0',
  },
})
const server = await startTextServer(t)

/** The parallelism of the vertex that counts, all of whose tasks run. */
async function runningParallelism(jobId: string): Promise<number | undefined> {
  const { state, vertices } = await cluster.rest.jobDetails(jobId)
  const counting = vertices.at(-1)!
  const running = vertices.every((vertex) => vertex.tasks['RUNNING'] === vertex.parallelism)
  return state === 'RUNNING' && running ? counting.parallelism : undefined
}

t.test(
  'an adaptive job is rescaled when a TaskManager joins, and when its bounds change',
  async (t) => {
    const jobId = await cluster.submit('-p', '4', SOCKET_WORDS, String(server.port))
    await until('it runs with the two slots that there are', async () => {
      return (await runningParallelism(jobId)) === 2
    })
    t.equal((await cluster.script('taskmanager.sh', 'start')).code, 0)
    await until('it runs with the four slots that there are now', async () => {
      return (await runningParallelism(jobId)) === 4
    })
    const url = `http://127.0.0.1:${cluster.restPort}/jobs/${jobId}/resource-requirements`
    const before = (await (await fetch(url)).json()) as Record<string, unknown>
    const bounds = (upperBound: number) =>
      Object.fromEntries(
        Object.keys(before).map((id) => [id, { parallelism: { lowerBound: 1, upperBound } }]),
      )
    const put = async (body: unknown) =>
      fetch(url, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    const refused = await put(bounds(0))
    t.equal(refused.status, 400)
    t.match(await refused.text(), /upper bound 0 is less than the lower bound 1/)
    t.equal((await put(bounds(1))).status, 200)
    await until('it runs with one slot', async () => (await runningParallelism(jobId)) === 1)
    t.same(await (await fetch(url)).json(), bounds(1))
    await cluster.cancel(jobId)
  },
)

t.test(
  'every change of a state in the logs of real runs is one that its table allows',
  async (t) => {
    const restarts = [
      '-Drestart-strategy.type=fixed-delay',
      '-Drestart-strategy.fixed-delay.attempts=1',
      '-Drestart-strategy.fixed-delay.delay=100 ms',
    ]
    t.equal((await cluster.flink('run', program('one-two-three.ts'))).code, 0)
    t.equal((await cluster.flink('run', ...restarts, program('throws.ts'))).code, 1)
    // Batch jobs are run by the Default scheduler.
    const batch = ['-Dexecution.runtime-mode=BATCH', ...restarts]
    t.equal((await cluster.flink('run', ...batch, program('throws.ts'))).code, 1)
    const cancelled = await cluster.submit('-p', '2', SOCKET_WORDS, String(server.port))
    await cluster.untilStatus(cancelled, 'RUNNING')
    await cluster.cancel(cancelled)
    t.equal((await cluster.script('stop-cluster.sh')).code, 0)

    const seen: Record<string, number> = {}
    for (const name of readdirSync(cluster.logDir).filter((file) => file.endsWith('.log'))) {
      const { violations, counts } = checkTransitions(
        readFileSync(join(cluster.logDir, name), 'utf8'),
      )
      t.strictSame(violations, [], name)
      for (const [subject, count] of Object.entries(counts)) {
        seen[subject] = (seen[subject] ?? 0) + count
      }
    }
    t.ok(seen['Job changed its state']! >= 20, JSON.stringify(seen))
    t.ok(seen['Task changed its state']! >= 60)
    t.ok(seen['Slot changed']! >= 10)
    t.ok(seen['Adaptive scheduler changed its state']! >= 8)
    t.ok(seen['Rescaling changed its state']! >= 4)
  },
)

t.test('checkTransitions finds what a table does not allow', async (t) => {
  const line = (rest: string) => `2026-01-01 00:00:00,000 INFO  JobMaster [jobId=j] - ${rest}`
  const log = [
    line('Job changed its state jobId=j job="a b" from=INITIALIZING to=CREATED'),
    line('Job changed its state jobId=j job="a b" from=RUNNING to=FINISHED'),
    line('Task changed its state executionAttemptId=x task="t (1/1)" from=CREATED to=RUNNING'),
    line('Slot changed slotNumber=0 jobId=j allocationId=a from=free to=ACTIVE'),
    line('Worker changed resourceId=w1 from=REQUESTED to=STARTED'),
    line('Worker changed resourceId=w1 from=STARTED to=GONE'),
    line('Worker changed from=REQUESTED to=GONE'),
    line('Worker changed resourceId=w1 from=GONE to=REGISTERED'),
  ]
  const { violations, counts } = checkTransitions(log.join('\n'))
  t.equal(counts['Worker changed'], 4)
  t.equal(violations.length, 4)
  t.match(violations[0]!, /it was CREATED/)
  t.match(violations[1]!, /RUNNING may not follow CREATED/)
})
