import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const execute = promisify(execFile)
const PROGRAM = fileURLToPath(new URL('../scale/measure-cluster.mjs', import.meta.url))

/** TaskManagers of 10 slots each, jobs, subtasks of each job: every slot is used. */
const CLUSTERS = [
  [100, 1, 1_000],
  [1_000, 1, 10_000],
  [10_000, 1, 100_000],
  [100, 10, 100],
  [1_000, 100, 100],
  [10_000, 1_000, 100],
]

async function measure(cluster) {
  const { stdout } = await execute(process.execPath, [
    // A cluster of 10,000 TaskManagers with its jobs is in this one process.
    '--max-old-space-size=8192',
    PROGRAM,
    ...cluster.map(String),
  ])
  return JSON.parse(stdout)
}

const number = (n) => n.toLocaleString('en')

/**
 * What the control plane takes per subtask, heartbeat, job and TaskManager in clusters of growing size, in
 * seconds of the processor: with everything in one process, both ends of all messages included. Linear
 * means that the figures do not grow.
 */
export async function run({ report, log }) {
  for (const cluster of CLUSTERS) {
    const [taskManagers, jobs, subtasks] = cluster
    const name =
      jobs === 1
        ? `${number(taskManagers)} TaskManagers, a job of ${number(subtasks)} subtasks`
        : `${number(taskManagers)} TaskManagers, ${number(jobs)} jobs of ${number(subtasks)} subtasks`
    const figures = await measure(cluster)
    log(`${name}: ${JSON.stringify(figures)}`)
    const add = (metric, unit, value) => report({ case: name, metric, unit, value })
    const total = jobs * subtasks
    add(
      'scheduling, submission to RUNNING',
      'ms per subtask',
      (figures.schedulingSeconds * 1e3) / total,
    )
    add('RUNNING to the end', 'ms per subtask', (figures.endSeconds * 1e3) / total)
    add('heartbeats, idle', '/s', figures.idleHeartbeatsPerSecond)
    add('heartbeats, jobs run', '/s', figures.busyHeartbeatsPerSecond)
    if (jobs > 1) continue
    add('registration', 'ms per TaskManager', (figures.registrationSeconds * 1e3) / taskManagers)
    add('memory', 'KiB per TaskManager', figures.bytesPerTaskManager / 1024)
    add(
      'memory at the JobManager',
      'KiB per TaskManager',
      figures.bytesPerTaskManagerAtJobManager / 1024,
    )
  }
}
