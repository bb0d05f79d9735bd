import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { StandaloneCluster } from '../cluster/standalone-cluster.mjs'
import { measuredOn, systemsOf } from '../cluster/systems.mjs'
import { cpuSeconds } from '../measure/processes.mjs'
import { zipfLines } from '../text/zipf-lines.mjs'

export const needsInstallation = true

const DIFFERENT = 100_000
const CASES = [
  { mode: 'streaming', parallelism: 1, lines: 3_000_000 },
  { mode: 'streaming', parallelism: 2, lines: 3_000_000 },
  { mode: 'batch', parallelism: 1, lines: 1_000_000 },
  { mode: 'batch', parallelism: 2, lines: 1_000_000 },
]
/** A JIT compiler needs some million records: these runs do not count. */
const WARM_UP = 2

/** Words a second through source, split, exchange, keyed sum and sink, in the job's own duration. */
export async function run({ report, runs, log, atEnd, ...bench }) {
  const table = zipfLines(DIFFERENT).map((line) => line.split(' '))
  const configuration = { 'taskmanager.memory.process.size': '4096m' }
  const clusters = []
  for (const system of systemsOf(bench)) {
    const options = { scratch: bench.scratch, slots: 2, configuration }
    const cluster = new StandaloneCluster(system, options)
    atEnd(() => cluster.stop())
    await cluster.start()
    clusters.push(cluster)
  }
  for (const { mode, parallelism, lines } of CASES) {
    const name = `${mode}, parallelism ${parallelism}`
    const words = wordsOf(table, lines)
    // A word gives an update each time in streaming mode and its count at the end in batch mode.
    const outputs = mode === 'batch' ? new Set(table.flat()).size : words
    for (let run = 0; run < WARM_UP + runs; run++) {
      for (const cluster of clusters) {
        const counts = mkdtempSync(join(bench.scratch, 'counts-'))
        const cpu = cpuSeconds(cluster.taskManagerPid)
        const { stdout } = await cluster.run('word-count', [
          ...['--lines', String(lines), '--parallelism', String(parallelism)],
          ...['--mode', mode, '--counts', counts],
        ])
        const used = cpuSeconds(cluster.taskManagerPid) - cpu
        const job = await cluster.rest.finishedJob(/JobID ([0-9a-f]{32})/.exec(stdout)[1])
        const written = total(counts)
        if (written !== outputs) {
          throw new Error(`${cluster.name}, ${name}: ${written} records came out, not ${outputs}`)
        }
        const rate = words / 1e6 / (job.duration / 1000)
        const cost = used / (words / 1e6)
        log(
          `${cluster.name} ${name} ${run}: ${rate.toFixed(2)} M words/s, ${cost.toFixed(3)} CPU s`,
        )
        if (run < WARM_UP) {
          if (run === 0) {
            report({
              case: `${name}, first run`,
              metric: 'words into the sum',
              unit: 'million/s',
              ...measuredOn(cluster.system, rate),
            })
          }
          continue
        }
        report({
          case: name,
          metric: 'words into the sum',
          unit: 'million/s',
          ...measuredOn(cluster.system, rate),
        })
        report({
          case: name,
          metric: 'CPU of the TaskManager',
          unit: 's/million words',
          ...measuredOn(cluster.system, cost),
        })
      }
    }
  }
}

function wordsOf(table, lines) {
  const all = table.reduce((sum, { length }) => sum + length, 0)
  const rest = table.slice(0, lines % table.length).reduce((sum, { length }) => sum + length, 0)
  return Math.floor(lines / table.length) * all + rest
}

function total(folder) {
  return readdirSync(folder).reduce(
    (sum, file) => sum + Number(readFileSync(join(folder, file))),
    0,
  )
}
