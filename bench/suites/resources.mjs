import { StandaloneCluster } from '../cluster/standalone-cluster.mjs'
import { flinkTs, measuredOn } from '../cluster/systems.mjs'
import { sleep } from '../measure/processes.mjs'

export const needsInstallation = true

const WORKERS = [1, 8]
/** Idle times after which slots and workers may go. */
const IDLE_MS = 100
const PATIENCE_MS = 120_000

/**
 * A cluster that starts its own TaskManagers of one slot each: from a job that wants slots until all its tasks are
 * deployed, and from its end until the last TaskManager is gone.
 */
export async function run({ report, runs, log, atEnd, ...bench }) {
  const system = flinkTs(bench)
  const cluster = new StandaloneCluster(system, {
    scratch: bench.scratch,
    slots: 1,
    configuration: {
      'resourcemanager.driver': 'process',
      'resourcemanager.taskmanager-timeout': `${IDLE_MS} ms`,
      'slot.idle.timeout': `${IDLE_MS} ms`,
    },
  })
  atEnd(() => cluster.stop())
  await cluster.startJobManager()
  for (const workers of WORKERS) {
    for (let run = 0; run <= runs; run++) {
      const { slots, release } = await measure(cluster, workers)
      log(`${workers} workers ${run}: slots ${slots} ms, release ${release} ms`)
      if (run === 0) continue
      const name = `${workers} worker${workers === 1 ? '' : 's'}`
      const figure = (metric, ms) =>
        report({ case: name, metric, unit: 's', ...measuredOn(system, ms / 1000) })
      figure('wish for slots to deployment', slots)
      figure('end of the job to the end of all workers', release)
    }
  }
}

/** Milliseconds, by the clock that JobManager and this process share. */
async function measure(cluster, workers) {
  const { stdout } = await cluster.run('endless', [], {
    detached: true,
    options: ['-p', String(workers)],
  })
  const jobId = /JobID ([0-9a-f]{32})/.exec(stdout)[1]
  const running = await until(async () => {
    const job = await cluster.rest.get(`/jobs/${jobId}`)
    return job.vertices.every(({ status }) => status === 'RUNNING') ? job : undefined
  })
  const deployed = Math.max(...running.vertices.map((vertex) => vertex['start-time']))
  await cluster.bin('flink', ['cancel', jobId])
  const ended = await until(async () => {
    const job = await cluster.rest.get(`/jobs/${jobId}`)
    return job.state === 'CANCELED' ? job : undefined
  })
  await until(async () => (await cluster.rest.get('/overview')).taskmanagers === 0 || undefined)
  await until(async () => cluster.workerPids().length === 0 || undefined)
  return { slots: deployed - running.timestamps.CREATED, release: Date.now() - ended['end-time'] }
}

async function until(condition) {
  const begin = Date.now()
  for (;;) {
    const value = await condition()
    if (value !== undefined) return value
    if (Date.now() - begin > PATIENCE_MS) throw new Error('the cluster did not get there')
    await sleep(10)
  }
}
