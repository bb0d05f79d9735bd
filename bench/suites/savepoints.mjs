import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { MeasuredJob } from '../cluster/measured-job.mjs'
import { StandaloneCluster } from '../cluster/standalone-cluster.mjs'
import { measuredOn, systemsOf } from '../cluster/systems.mjs'
import { sleep } from '../measure/processes.mjs'

export const needsInstallation = true

const KEYS = Number(process.env.BENCH_SAVEPOINT_KEYS ?? 1_000_000)

/** A full checkpoint and a savepoint of a job that is nearly idle, and the start of another one with the savepoint. */
export async function run({ report, runs, log, atEnd, ...bench }) {
  const { scratch } = bench
  const clusters = []
  for (const system of systemsOf(bench)) {
    const size = KEYS > 2_000_000 ? '8192m' : '4096m'
    const configuration = { 'taskmanager.memory.process.size': size }
    const cluster = new StandaloneCluster(system, { scratch, slots: 1, configuration })
    atEnd(() => cluster.stop())
    await cluster.start()
    clusters.push(cluster)
  }
  for (let run = 0; run < runs; run++) {
    for (const backend of ['heap', 'disk']) {
      for (const cluster of clusters) {
        const { system } = cluster
        const name = `${backend}, ${KEYS.toLocaleString('en')} keys`
        const add = (metric, unit, value) => {
          log(`${system.name} ${name}: ${metric} ${value.toFixed(2)} ${unit}`)
          report({ case: name, metric, unit, ...measuredOn(system, value) })
        }
        const job = {
          scratch,
          args: { keys: KEYS, records: 1_000_000_000, parallelism: 1, 'per-second': 1000 },
          settings: {
            'state.backend.type': system.stateBackends[backend],
            'execution.checkpointing.dir': `file://${join(scratch, 'checkpoints')}`,
          },
        }
        const first = await MeasuredJob.submit(cluster, job)
        await first.untilRecords(KEYS + 1000)
        await cluster.rest.post(`/jobs/${first.jobId}/checkpoints`, { checkpointType: 'FULL' })
        let checkpoint
        while (checkpoint === undefined) {
          await sleep(50)
          ;[checkpoint] = await first.completedCheckpoints()
        }
        add('full checkpoint', 's', checkpoint.end_to_end_duration / 1000)
        const folder = join(scratch, `savepoint-${system.name}-${backend}-${run}`)
        const { path, seconds } = await first.savepoint(folder, { cancel: true })
        add('savepoint', 's', seconds)
        add('savepoint, size', 'MB', bytesBelow(folder) / 1e6)
        await cluster.rest.cancel(first.jobId).catch(() => {})
        const second = await MeasuredJob.submit(cluster, { ...job, savepoint: path })
        await second.untilRecords(1)
        const [[ms]] = second.outputs().get('0-0')
        add('flink run -s to the first output', 's', (ms - second.submittedMs) / 1000)
        await second.cancel()
        rmSync(folder, { recursive: true })
      }
    }
  }
}

function bytesBelow(folder) {
  return readdirSync(folder, { recursive: true }).reduce(
    (sum, file) => sum + statSync(join(folder, file)).size,
    0,
  )
}
