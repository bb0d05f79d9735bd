import t from 'tap'
import { isAlive, peakResidentKb, processesWith } from './support/processes.js'
import { jobIdIn } from './support/submitted-jobs.js'
import { program, TestCluster } from './support/test-cluster.js'
import { until } from './support/until.js'

t.setTimeout(600_000)

const PROCESS_MB = 1024
const MEMORY = {
  'taskmanager.memory.process.size': `${PROCESS_MB}m`,
  'taskmanager.memory.managed.size': '16m',
  // Of each task 40 MB: what is filled to the last megabyte is collected again and again.
  'taskmanager.memory.task.heap.size': '160m',
}
const FILL = program('fills-memory.ts')

t.test('a task that runs out of heap fails alone', async (t) => {
  const cluster = await TestCluster.start(t, {
    taskManagers: 1,
    slots: 2,
    configuration: { ...MEMORY, 'restart-strategy.type': 'none' },
  })
  const [pid] = cluster.pids('taskexecutor')

  for (const kind of ['value', 'list', 'hot']) {
    await t.test(`filled by state: ${kind}`, async (t) => {
      const { code, stdout, stderr } = await cluster.flink('run', FILL, kind, '2')
      t.equal(code, 1)
      const error =
        /fill -> Sink.*ran out of memory: its thread may use \d+ MB.*taskmanager\.memory\.task\.heap\.size/
      t.match(stderr, error)
      const jobId = jobIdIn(stdout)
      t.match(await cluster.rootException(jobId), error)
      t.equal((await cluster.rest.jobDetails(jobId)).state, 'FAILED')
      t.ok(isAlive(pid!), 'the TaskManager lives on')
    })
  }

  await t.test('keys of four times the managed memory of a slot: all sums are right', async (t) => {
    const keys = 4 * 30_000
    const { code, stdout, stderr } = await cluster.flink(
      ...['run', program('sums-per-key.ts'), String(keys)],
    )
    t.equal(code, 0, stderr)
    t.match(stdout, new RegExp(`right.*: ${keys}$`, 'm'))
    t.match(stdout, /wrong.*: 0$/m)
    t.match(
      cluster.logs('taskexecutor', 'log'),
      /did not fit into managed memory.*spilledBytes=\d{6,}/,
    )
  })

  await t.test('and the next job runs in the same process', async (t) => {
    const { code, stderr } = await cluster.flink('run', program('one-two-three.ts'))
    t.equal(code, 0, stderr)
    t.strictSame(cluster.pids('taskexecutor'), [pid])
    t.ok(isAlive(pid!))
  })

  await t.test('the process never had more memory than its configuration says', async (t) => {
    const peakMb = peakResidentKb(pid!) / 1024
    t.comment(`VmHWM ${Math.round(peakMb)} MB of ${PROCESS_MB} MB`)
    t.ok(peakMb <= PROCESS_MB)
    t.ok(peakMb > 120, 'the heap was filled')
  })
})

t.test(
  'one allocation above the heap ends the process, and the job goes on elsewhere',
  async (t) => {
    const cluster = await TestCluster.prepare(t, {
      taskManagers: 0,
      slots: 1,
      configuration: {
        ...MEMORY,
        'restart-strategy.type': 'fixed-delay',
        'restart-strategy.fixed-delay.attempts': '3',
        'restart-strategy.fixed-delay.delay': '100 ms',
      },
    })
    t.match(await cluster.script('jobmanager.sh', 'start'), { code: 0 })
    const first = cluster.command('taskmanager.sh', ['start-foreground'])
    await cluster.untilSlots(1)
    const jobId = await cluster.submit(FILL, 'once')
    const { code, stderr } = await first.result()
    t.equal(code, 134)
    t.match(stderr, /FATAL ERROR: .*heap out of memory/)

    t.match(await cluster.script('taskmanager.sh', 'start'), { code: 0 })
    await cluster.untilStatus(jobId, 'FINISHED')
    t.match(
      await cluster.rootException(jobId),
      /Connection to TaskManager \S+ was lost: .*134 \(SIGABRT\) is an abort of Node.*task\.heap\.size/,
    )
  },
)

t.test('a cluster that starts its own TaskManagers tells how the process ended', async (t) => {
  const cluster = await TestCluster.prepare(t, {
    taskManagers: 0,
    slots: 1,
    configuration: {
      ...MEMORY,
      'resourcemanager.driver': 'process',
      'restart-strategy.type': 'fixed-delay',
      'restart-strategy.fixed-delay.attempts': '3',
      'restart-strategy.fixed-delay.delay': '100 ms',
    },
  })
  t.match(await cluster.script('jobmanager.sh', 'start'), { code: 0 })
  const { code, stderr } = await cluster.flink('run', FILL, 'once')
  t.equal(code, 0, stderr)
  // Its workers end with it.
  await cluster.script('jobmanager.sh', 'stop')
  await until('no process is left', () => processesWith(cluster.tmpDir).length === 0)
  t.match(
    cluster.logs('standalonesession', 'log'),
    /A worker ended.*process ended with (SIGABRT|exit code 134): Node\.js aborted, most likely because its heap was full/,
  )
})
