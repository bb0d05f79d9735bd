import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { StandaloneCluster } from '../cluster/standalone-cluster.mjs'
import { measuredOn, systemsOf } from '../cluster/systems.mjs'
import { cpuSeconds, peakMemory } from '../measure/processes.mjs'

export const needsInstallation = true

const ELEMENTS = 4_000_000
/** Of about 280 bytes each: four times the smaller memory. */
const KEYS = 1_000_000
const CASES = [
  { name: 'fits into managed memory', managed: '512m' },
  { name: 'four times managed memory', managed: '64m' },
]
/** A JIT compiler needs some million records: this run does not count. */
const WARM_UP = 1

/** A sum per key in batch mode whose keys fit into managed memory, beside one whose keys do not. */
export async function run({ report, runs, log, atEnd, ...bench }) {
  for (const { name, managed } of CASES) {
    for (const system of systemsOf(bench)) {
      const configuration = {
        'taskmanager.memory.process.size': '2048m',
        'taskmanager.memory.managed.size': managed,
      }
      const cluster = new StandaloneCluster(system, {
        ...{ scratch: bench.scratch, slots: 1, configuration },
      })
      atEnd(() => cluster.stop())
      await cluster.start()
      for (let run = 0; run < WARM_UP + runs; run++) {
        const { rate, cost } = await measure(cluster, bench.scratch)
        log(
          `${system.name} ${name} ${run}: ${rate.toFixed(2)} M elements/s, ${cost.toFixed(2)} CPU s/M`,
        )
        if (run < WARM_UP) continue
        const add = (metric, unit, value) =>
          report({ case: name, metric, unit, ...measuredOn(system, value) })
        add('elements into the sum', 'million/s', rate)
        add('CPU of the TaskManager', 's/million', cost)
        add('peak memory of the TaskManager', 'MB', peakMemory(cluster.taskManagerPid))
      }
      await cluster.stop()
    }
  }
}

async function measure(cluster, scratch) {
  const counts = mkdtempSync(join(scratch, 'counts-'))
  const cpu = cpuSeconds(cluster.taskManagerPid)
  const { stdout } = await cluster.run('batch-aggregation', [
    ...['--elements', String(ELEMENTS), '--keys', String(KEYS)],
    ...['--parallelism', '1', '--counts', counts],
  ])
  const used = cpuSeconds(cluster.taskManagerPid) - cpu
  const job = await cluster.rest.finishedJob(/JobID ([0-9a-f]{32})/.exec(stdout)[1])
  const written = readdirSync(counts).reduce(
    (sum, file) => sum + Number(readFileSync(join(counts, file))),
    0,
  )
  if (written !== KEYS) throw new Error(`${cluster.name}: ${written} keys came out, not ${KEYS}`)
  return { rate: ELEMENTS / 1e6 / (job.duration / 1000), cost: used / (ELEMENTS / 1e6) }
}
