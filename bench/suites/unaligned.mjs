import { join } from 'node:path'
import { MeasuredJob } from '../cluster/measured-job.mjs'
import { StandaloneCluster } from '../cluster/standalone-cluster.mjs'
import { measuredOn, systemsOf } from '../cluster/systems.mjs'
import { median } from '../measure/figures.mjs'
import { sleep } from '../measure/processes.mjs'

export const needsInstallation = true

const SECONDS = Number(process.env.BENCH_UNALIGNED_SECONDS ?? 30)
/** What the sink takes for a record: 500 a second in each subtask, of sources that could give a million. */
const SLOW_US = 2000
const PARALLELISM = 2
/** Time to fill every buffer. */
const SETTLE_MS = 5000

/** How long checkpoints take while every buffer between two tasks is full, one a second at most. */
export async function run({ report, runs, log, atEnd, ...bench }) {
  const clusters = []
  for (const system of systemsOf(bench)) {
    const cluster = new StandaloneCluster(system, { scratch: bench.scratch, slots: PARALLELISM })
    atEnd(() => cluster.stop())
    await cluster.start()
    clusters.push(cluster)
  }
  for (let run = 0; run < runs; run++) {
    for (const [title, isUnaligned] of [
      ['unaligned', true],
      ['aligned', false],
    ]) {
      for (const cluster of clusters) {
        const { system } = cluster
        const job = await MeasuredJob.submit(cluster, {
          scratch: bench.scratch,
          args: {
            ...{ keys: 1000, records: 1_000_000_000 },
            ...{ parallelism: PARALLELISM, 'slow-us': SLOW_US },
          },
          settings: {
            'execution.checkpointing.interval': '1 s',
            'execution.checkpointing.unaligned.enabled': String(isUnaligned),
            'execution.checkpointing.dir': `file://${join(bench.scratch, 'checkpoints')}`,
          },
        })
        await job.untilRecords(PARALLELISM)
        await sleep(SETTLE_MS)
        const [before] = (await job.completedCheckpoints()).slice(-1)
        await sleep(SECONDS * 1000)
        const completed = (await job.completedCheckpoints()).filter(
          ({ id }) => id > (before?.id ?? 0),
        )
        await job.cancel()
        const name = `${title}, full back pressure`
        const add = (metric, unit, value) =>
          report({ case: name, metric, unit, ...measuredOn(system, value) })
        const times = completed.map(({ end_to_end_duration }) => end_to_end_duration)
        log(`${system.name} ${title}: ${completed.length} checkpoints, ms: ${times.join(' ')}`)
        add(`completed in ${SECONDS} s`, 'checkpoints', completed.length)
        if (completed.length === 0) continue
        add('median duration', 'ms', median(times))
        add('longest', 'ms', Math.max(...times))
        add('in-flight data', 'KB', median(completed.map((c) => c.persisted_data)) / 1e3)
      }
    }
  }
}
