// One simulated cluster, in a process of its own: TASK_MANAGERS JOBS SUBTASKS_OF_EACH. Prints what it took as JSON.
// The components are those of a real cluster; time, network and what tasks do are simulated.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { SimulatedCluster } from '../../packages/testing/dist/index.js'
import { jobOf } from './job-graphs.mjs'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc')

const SLOTS = 10
const HEARTBEAT_MS = 10_000
const ROUNDS = 3
const TASK_MS = 60_000
const LONG_MS = 3_600_000

const [taskManagers, jobs, subtasks] = process.argv.slice(2).map(Number)

/** Seconds of the processor. */
async function timed(action) {
  const before = process.cpuUsage()
  await action()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

async function usedBytes(cluster) {
  // What is under way settles, and what it held can go.
  await cluster.advance(100)
  gc()
  gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

async function heartbeats(cluster, rounds = ROUNDS) {
  let count = 0
  const { onRpc } = cluster.world
  cluster.world.onRpc = (event) => {
    onRpc(event)
    if (event.kind === 'deliver-reply' && event.method.startsWith('heartbeat')) count++
  }
  const seconds = await timed(() => cluster.advance(rounds * HEARTBEAT_MS))
  cluster.world.onRpc = onRpc
  return count / seconds
}

const figures = {}
const cluster = await SimulatedCluster.start({
  seed: 1,
  taskManagers: 0,
  slotsPerTaskManager: SLOTS,
  taskDurationMs: TASK_MS,
  withoutTrace: true,
  configuration: { 'slot.request.timeout': '1 h', 'slot.idle.timeout': '1 h' },
})
// TaskManagers wait for their JobManager first, so that it is seen what they take there.
cluster.faultInjection.crashJobManager(1, { silent: true })
const emptyBytes = await usedBytes(cluster)
await cluster.startTaskManagers(taskManagers)
const waitingBytes = await usedBytes(cluster)
figures.registrationSeconds = await timed(async () => {
  await cluster.startJobManager()
  for (;;) {
    const { slotsTotal } = await cluster.overview()
    if (slotsTotal === taskManagers * SLOTS) break
    await cluster.advance(50)
  }
})
const registeredBytes = await usedBytes(cluster)
figures.bytesPerTaskManager = (registeredBytes - emptyBytes) / taskManagers
figures.bytesPerTaskManagerAtJobManager = (registeredBytes - waitingBytes) / taskManagers
figures.idleHeartbeatsPerSecond = await heartbeats(cluster)

if (jobs > 0) {
  const running = []
  const total = jobs * subtasks
  let runningTasks = 0
  const { onLog } = cluster.world
  cluster.world.onLog = (observation) => {
    onLog(observation)
    const { message, fields } = observation
    if (fields.to === 'RUNNING' && message === 'Task changed its state') runningTasks++
  }
  const events = cluster.steps
  figures.schedulingSeconds = await timed(async () => {
    for (let i = 0; i < jobs; i++) running.push(await cluster.submitGraph(jobOf(i, subtasks)))
    await cluster.advanceUntil('all tasks run', () => runningTasks === total, LONG_MS)
  })
  figures.schedulingEvents = cluster.steps - events
  figures.busyHeartbeatsPerSecond = await heartbeats(cluster, 1)
  figures.endSeconds = await timed(async () => {
    for (const job of running) {
      const { status } = await job.end(LONG_MS)
      if (status !== 'FINISHED') throw new Error(`job ${job.name} is ${status}`)
    }
  })
}
figures.steps = cluster.steps
console.log(JSON.stringify(figures))
process.exit(0)
