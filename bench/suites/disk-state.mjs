import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { StandaloneCluster } from '../cluster/standalone-cluster.mjs'
import { flinkTs, measuredOn } from '../cluster/systems.mjs'
import { now, peakMemory, residentMemory, sleep } from '../measure/processes.mjs'

export const needsInstallation = true

const MIB = 1024 ** 2
/** Of each value. */
const VALUE_BYTES = 1000
/** Gigabytes of state; the memory of the TaskManager is 1 GB. */
const GIGABYTES = Number(process.env.BENCH_DISK_STATE_GB ?? 5)

/**
 * State larger than memory: 5 GB of it (BENCH_DISK_STATE_GB) in a TaskManager of 1 GB, under incremental checkpoints. Takes minutes, so it runs
 * once, whatever --runs says.
 */
export async function run({ report, log, atEnd, ...bench }) {
  const system = flinkTs(bench)
  const keys = Math.round((GIGABYTES * 1e9) / VALUE_BYTES)
  const updates = Math.round(keys / 5)
  const checkpoints = join(bench.scratch, 'checkpoints')
  const cluster = new StandaloneCluster(system, {
    scratch: bench.scratch,
    slots: 1,
    configuration: {
      'taskmanager.memory.process.size': '1g',
      // Of the parts that Flink's formulas give to a JVM: the task's heap would be too small.
      'taskmanager.memory.jvm-metaspace.size': '64m',
      'taskmanager.memory.jvm-overhead.min': '64m',
      'restart-strategy.type': 'none',
      'state.backend.type': 'lsm',
      'execution.checkpointing.incremental': 'true',
      'execution.checkpointing.interval': '20 s',
      'execution.checkpointing.min-pause': '10 s',
      'execution.checkpointing.dir': `file://${checkpoints}`,
    },
  })
  atEnd(() => cluster.stop())
  await cluster.start()
  const of = `${GIGABYTES} GB of keyed state, TaskManager of 1 GB`
  const add = (metric, unit, value) =>
    report({ case: of, metric, unit, ...measuredOn(system, value) })
  const begin = now()
  const job = cluster.run('disk-state', [
    ...['--keys', String(keys), '--value-bytes', String(VALUE_BYTES)],
    ...['--updates', String(updates), '--parallelism', '1'],
  ])
  let isRunning = true
  job.then(
    () => (isRunning = false),
    () => (isRunning = false),
  )
  const pid = cluster.taskManagerPid
  let statistics
  let jobId
  let peak = 0
  let mostRssMb = 0
  for (let due = now() + 15; isRunning; await sleep(500)) {
    peak = Math.max(peak, diskBytes(cluster.folder('tmp')))
    mostRssMb = Math.max(mostRssMb, residentMemory(pid))
    const { jobs } = await cluster.rest.get('/jobs').catch(() => ({ jobs: [] }))
    jobId ??= jobs[0]?.id
    if (jobId === undefined) continue
    statistics = await cluster.rest.get(`/jobs/${jobId}/checkpoints`).catch(() => statistics)
    if (now() < due) continue
    due = now() + 15
    const { vertices } = await cluster.rest.get(`/jobs/${jobId}`)
    const read = vertices[1]?.metrics['read-records']
    const stored = statistics?.counts?.completed
    log(
      `${Math.round(now() - begin)} s: ${read} records, ${Math.round(residentMemory(pid))} MB resident, ${Math.round(peak / MIB)} MiB on disk, ${stored} checkpoints`,
    )
  }
  await job
  const seconds = now() - begin
  add('records a second', '/s', (keys + updates) / seconds)
  add('most resident memory of the TaskManager', 'MB', Math.max(mostRssMb, peakMemory(pid)))
  add('most on disk', 'MB', peak / 1e6)
  const completed = (statistics?.history ?? []).filter(({ status }) => status === 'COMPLETED')
  for (const { id, state_size, checkpointed_size, end_to_end_duration } of completed.slice(0, 3)) {
    log(
      `checkpoint ${id}: ${Math.round(state_size / 1e6)} MB of state, ${Math.round(checkpointed_size / 1e6)} MB stored, ${end_to_end_duration} ms`,
    )
  }
  const newest = completed[0]
  if (newest !== undefined) {
    add('stored by the last checkpoint', 'MB', newest.checkpointed_size / 1e6)
    add('state in the last checkpoint', 'MB', newest.state_size / 1e6)
  }
  await cluster.stop()
}

function diskBytes(folder) {
  let bytes = 0
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.name.endsWith('.tbl')) continue
    try {
      bytes += statSync(join(entry.parentPath ?? entry.path, entry.name)).size
    } catch {
      // Merged meanwhile.
    }
  }
  return bytes
}
