import t from 'tap'
import { isAlive, killHard, processesWith, threadTicks } from './support/processes.js'
import { program, TestCluster } from './support/test-cluster.js'
import { startTextServer } from './support/text-server.js'
import { until } from './support/until.js'

t.setTimeout(600_000)

/** Half a second of one processor: no thread uses it beside one that spins. */
const SPINNING_TICKS = 50

const cluster = await TestCluster.start(t, {
  taskManagers: 1,
  configuration: {
    'task.cancellation.timeout': '1 s',
    'task.cancellation.interval': '400 ms',
    'heartbeat.interval': '200 ms',
  },
})
const [taskManagerPid] = cluster.pids('taskexecutor')

t.test(
  'a user function that never returns leaves heartbeats, REST and another job untouched; cancelling ends its thread',
  async (t) => {
    const server = await startTextServer(t)
    const other = await cluster.submit(program('socket-words.ts'), String(server.port))
    await cluster.untilStatus(other, 'RUNNING')
    const spinning = await cluster.submit(program('spins.ts'))
    await cluster.untilStatus(spinning, 'RUNNING')
    const ticksBefore = threadTicks(taskManagerPid!)
    const spinner = await until('a thread spins', () =>
      [...threadTicks(taskManagerPid!)].find(
        ([thread, ticks]) => ticks - (ticksBefore.get(thread) ?? 0) >= SPINNING_TICKS,
      ),
    )

    await t.test('heartbeats of its TaskManager go on', async (t) => {
      const seen = new Set<number>()
      await until('four more heartbeats came', async () => {
        const [taskManager] = await cluster.rest.taskManagers()
        seen.add(taskManager!.timeSinceLastHeartbeat)
        return seen.size >= 5
      })
      t.equal((await cluster.rest.clusterOverview()).taskmanagers, 1)
    })

    await t.test('the other job on the same TaskManager goes on', async (t) => {
      server.send('a b c d e f g\n')
      await until('the other job has read it', async () => {
        const { vertices } = await cluster.rest.jobDetails(other)
        return vertices.at(-1)!.metrics['read-records'] >= 7
      })
      t.match(await cluster.rest.jobDetails(other), { state: 'RUNNING' })
    })

    await t.test(
      'flink cancel ends it after task.cancellation.timeout, naming operator, file and line',
      async (t) => {
        const { code, stdout } = await cluster.flink('cancel', spinning)
        t.equal(code, 0)
        t.equal(stdout, `Cancelling job ${spinning}.\nCancelled job ${spinning}.\n`)
        await cluster.untilStatus(spinning, 'CANCELED')
        await until('its thread is gone', () => !threadTicks(taskManagerPid!).has(spinner[0]))
        const { exceptionHistory } = await cluster.rest.jobExceptions(spinning)
        const texts = exceptionHistory.entries.map(({ stacktrace }) => stacktrace).join('\n')
        t.match(texts, /spin\b.*spins\.ts:(8|9|10)\b/s)
        t.match(texts, 'did not end within 1000 ms after it was cancelled')
        t.match(cluster.logs('taskexecutor', 'log'), /Task did not react to cancelling signal/)
      },
    )

    t.match(await cluster.rest.jobDetails(other), { state: 'RUNNING' }, 'the other job still runs')
    t.equal(isAlive(taskManagerPid!), true)
    await cluster.cancel(other)
  },
)

t.test(
  'a thread inside a native call ends its TaskManager, which names the call; the JobManager goes on',
  async (t) => {
    const seconds = '87.654'
    t.teardown(() => {
      for (const pid of processesWith(`sleep\0${seconds}`)) killHard(pid)
    })
    const jobManagerPid = cluster.jobManagerPid
    const jobId = await cluster.submit(program('sleeps-natively.ts'), seconds)
    await until('the native call has begun', () => processesWith(`sleep\0${seconds}`).length === 1)
    await cluster.rest.cancelJob(jobId)
    await until('the TaskManager has ended', () => !isAlive(taskManagerPid!))
    t.match(
      cluster.logs('taskexecutor', 'log'),
      /cannot be ended: it is inside of child_process\.spawnSync.*sleeps-natively\.ts:9.*this process must end/s,
    )
    await until('the JobManager knows', async () => {
      return (await cluster.rest.clusterOverview()).taskmanagers === 0
    })
    await cluster.untilStatus(jobId, 'CANCELED')
    t.equal(cluster.jobManagerPid, jobManagerPid)
    t.equal(isAlive(jobManagerPid), true)

    t.match(await cluster.script('taskmanager.sh', 'start'), { code: 0 })
    await cluster.untilSlots(2)
    const next = await cluster.flink('run', program('one-two-three.ts'))
    t.equal(next.code, 0, next.stderr)
  },
)
