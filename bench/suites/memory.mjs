import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { StandaloneCluster } from '../cluster/standalone-cluster.mjs'
import { measuredOn, systemsOf } from '../cluster/systems.mjs'
import { cpuSeconds, now, residentMemory, sleep } from '../measure/processes.mjs'

export const needsInstallation = true

const SETTLE_MS = 3000
const LINES = 500_000

/** Resident memory of the processes, with the default sizes: idle, and after a WordCount. */
export async function run({ report, runs, log, atEnd, ...bench }) {
  for (let run = 0; run < Math.min(runs, 3); run++) {
    for (const system of systemsOf(bench)) {
      const cluster = new StandaloneCluster(system, { scratch: bench.scratch, slots: 2 })
      atEnd(() => cluster.stop())
      await cluster.start()
      const processes = { JobManager: cluster.jobManagerPid, TaskManager: cluster.taskManagerPid }
      const measure = (when) => {
        for (const [metric, pid] of Object.entries(processes)) {
          const value = residentMemory(pid)
          log(`${system.name} ${metric} ${when}: ${Math.round(value)} MB`)
          report({ case: when, metric, unit: 'MB', ...measuredOn(system, value) })
        }
      }
      const used = Object.values(processes).map(cpuSeconds)
      const begin = now()
      await sleep(SETTLE_MS)
      measure('idle, 3 s after the start')
      Object.entries(processes).forEach(([metric, pid], i) => {
        const share = ((cpuSeconds(pid) - used[i]) / (now() - begin)) * 100
        report({
          case: 'CPU while idle',
          metric,
          unit: '% of a core',
          ...measuredOn(system, share),
        })
      })
      const counts = mkdtempSync(join(bench.scratch, 'counts-'))
      await cluster.run('word-count', [
        ...['--lines', String(LINES), '--parallelism', '2'],
        ...['--mode', 'streaming', '--counts', counts],
      ])
      measure(`after a WordCount of ${LINES.toLocaleString('en')} lines`)
      await cluster.stop()
    }
  }
}
