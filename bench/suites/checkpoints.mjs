import { join } from 'node:path'
import { MeasuredJob } from '../cluster/measured-job.mjs'
import { StandaloneCluster } from '../cluster/standalone-cluster.mjs'
import { measuredOn, systemsOf } from '../cluster/systems.mjs'

export const needsInstallation = true

const KEYS = Number(process.env.BENCH_CHECKPOINT_KEYS ?? 1_000_000)
/** That a rate is measured for, once every key has its state. */
const SECONDS = Number(process.env.BENCH_CHECKPOINT_SECONDS ?? 20)
const INTERVALS = { 'no checkpoints': undefined, 'a checkpoint each second': '1 s' }

/** Updates a second of keyed state, without checkpoints and with one a second, in each state backend. */
export async function run({ report, runs, log, atEnd, ...bench }) {
  const clusters = []
  for (const system of systemsOf(bench)) {
    const configuration = { 'taskmanager.memory.process.size': '4096m' }
    const cluster = new StandaloneCluster(system, {
      scratch: bench.scratch,
      slots: 1,
      configuration,
    })
    atEnd(() => cluster.stop())
    await cluster.start()
    clusters.push(cluster)
  }
  for (let run = 0; run < runs; run++) {
    for (const backend of ['heap', 'disk']) {
      const rates = new Map(clusters.map((cluster) => [cluster, {}]))
      for (const [title, interval] of Object.entries(INTERVALS)) {
        for (const cluster of clusters) {
          const { system } = cluster
          const job = await MeasuredJob.submit(cluster, {
            scratch: bench.scratch,
            args: { keys: KEYS, records: 1_000_000_000, parallelism: 1 },
            settings: {
              'state.backend.type': system.stateBackends[backend],
              'execution.checkpointing.incremental': String(backend === 'disk'),
              'execution.checkpointing.dir': `file://${join(bench.scratch, 'checkpoints')}`,
              ...(interval !== undefined && { 'execution.checkpointing.interval': interval }),
            },
          })
          // The compilers have seen each key's second time, too.
          await job.untilRecords(KEYS * 3)
          const rate = await job.rate(SECONDS)
          const { counts, summary } = await job.checkpoints()
          await job.cancel()
          rates.get(cluster)[title] = rate
          const took = summary?.end_to_end_duration?.avg ?? 0
          log(
            `${system.name} ${backend} ${title}: ${Math.round(rate)} updates/s, ${counts?.completed ?? 0} checkpoints of ${Math.round(took)} ms`,
          )
          const name = `${backend}, ${KEYS.toLocaleString('en')} keys, ${title}`
          const add = (metric, unit, value) =>
            report({ case: name, metric, unit, ...measuredOn(system, value) })
          add('updates', 'million/s', rate / 1e6)
          if (interval !== undefined) add('one checkpoint', 'ms', took)
        }
      }
      for (const [{ system }, of] of rates) {
        const [without, withThem] = Object.keys(INTERVALS).map((title) => of[title])
        const cost = (1 - withThem / without) * 100
        const name = `${backend}, ${KEYS.toLocaleString('en')} keys`
        const value = measuredOn(system, cost)
        report({ case: name, metric: 'cost of checkpoints', unit: '% of the updates', ...value })
      }
    }
  }
}
