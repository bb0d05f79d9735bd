import { StandaloneCluster } from '../cluster/standalone-cluster.mjs'
import { measuredOn, systemsOf } from '../cluster/systems.mjs'

export const needsInstallation = true

/** A JobManager and a TaskManager of two slots: from the command until all slots are registered, and back. */
export async function run({ report, runs, log, atEnd, ...bench }) {
  const systems = systemsOf(bench)
  // The first run brings the files into the page cache and does not count.
  for (let run = 0; run <= runs; run++) {
    for (const system of systems) {
      const cluster = new StandaloneCluster(system, { scratch: bench.scratch, slots: 2 })
      atEnd(() => cluster.stop())
      const { script, ready } = await cluster.start()
      const stopped = await cluster.stop()
      log(`${system.name} ${run}: ready after ${ready.toFixed(2)} s`)
      if (run === 0) continue
      const name = '1 TaskManager, 2 slots'
      const figure = (metric, value) =>
        report({ case: name, metric, unit: 's', ...measuredOn(system, value) })
      figure('start-cluster.sh returns', script)
      figure('all slots registered', ready)
      figure('stop-cluster.sh, all gone', stopped)
    }
  }
}
