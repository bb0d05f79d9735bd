import { StandaloneCluster } from '../cluster/standalone-cluster.mjs'
import { measuredOn, systemsOf } from '../cluster/systems.mjs'

export const needsInstallation = true

const COMMANDS = {
  'flink run, attached': (cluster) => cluster.run('trivial'),
  'flink run -d': (cluster) => cluster.run('trivial', [], { detached: true }),
  'flink list': (cluster) => cluster.bin('flink', ['list']),
}

/** Wall time of whole commands against a cluster that runs; the job has ten records. */
export async function run({ report, runs, log, atEnd, ...bench }) {
  const systems = systemsOf(bench)
  const clusters = []
  for (const system of systems) {
    const cluster = new StandaloneCluster(system, { scratch: bench.scratch, slots: 2 })
    atEnd(() => cluster.stop())
    await cluster.start()
    clusters.push(cluster)
  }
  for (const [name, command] of Object.entries(COMMANDS)) {
    for (let run = 0; run <= runs; run++) {
      for (const cluster of clusters) {
        const { seconds, stdout } = await command(cluster)
        const jobId = /JobID ([0-9a-f]{32})/.exec(stdout)?.[1]
        if (jobId !== undefined) await cluster.rest.finishedJob(jobId)
        log(`${cluster.name} ${name} ${run}: ${seconds.toFixed(3)} s`)
        if (run === 0) continue
        report({
          case: name,
          metric: 'whole command',
          unit: 's',
          ...measuredOn(cluster.system, seconds),
        })
      }
    }
  }
}
