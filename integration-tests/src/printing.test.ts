import t from 'tap'
import { program, TestCluster } from './support/test-cluster.js'
import { until } from './support/until.js'

t.setTimeout(300_000)
const HEARTBEAT_MS = 200

const cluster = await TestCluster.start(t, {
  taskManagers: 1,
  configuration: { 'heartbeat.interval': `${HEARTBEAT_MS} ms`, 'heartbeat.timeout': '5 s' },
})

t.test(
  'printing two million lines loses none, and heartbeats stay on time meanwhile',
  async (t) => {
    const beats = new Set<number>()
    const jobId = await cluster.submit(program('prints-a-lot.ts'))
    await until('the job has ended', async () => {
      const [taskManager] = await cluster.rest.taskManagers()
      beats.add(taskManager!.timeSinceLastHeartbeat)
      const { state } = await cluster.rest.jobDetails(jobId)
      return state !== 'RUNNING' && state !== 'INITIALIZING' && state !== 'CREATED'
    })
    t.match(await cluster.rest.jobDetails(jobId), { state: 'FINISHED' })
    const lines = cluster.logs('taskexecutor', 'out').trimEnd().split('\n')
    t.equal(lines.length, 2_000_001)
    t.equal(lines[0], 'console.log of a function')
    t.ok(lines.slice(1).every((line, i) => line === `line ${i + 1}`))

    const times = [...beats].sort((a, b) => a - b)
    const gaps = times.slice(1).map((time, i) => time - times[i]!)
    t.ok(gaps.length >= 2, `${gaps.length + 1} heartbeats were seen`)
    // Whoever writes through the main thread keeps it for seconds; a busy machine for some hundred milliseconds.
    t.ok(Math.max(...gaps) < HEARTBEAT_MS + 1500, `gaps between heartbeats in ms: ${gaps}`)
  },
)
