import { flinkTs } from '../cluster/systems.mjs'
import { MesosLab } from './mesos-lab.mjs'
import { partsOf, timelineOf } from './timeline.mjs'

/**
 * A job of ten records in a session without TaskManagers, and in a cluster of its own, on a real Mesos of one master and one agent that
 * have the installation: from the submission to all tasks RUNNING, in parts, with the master's own offer cycle taken off.
 */
export async function measureOnRealMesos({ report, runs, log, atEnd, root, home, scratch }) {
  const system = flinkTs({ home, root })
  const lab = await MesosLab.start({ root, home, scratch, system, log })
  if (lab === undefined) return
  atEnd(() => lab.stop())
  const program = system.program('trivial')
  const measure = async (name, run, runJob) => {
    const begin = await runJob()
    const figures = partsOf(timelineOf({ begin, logs: lab.logs() }))
    const texts = Object.entries(figures).map(([part, value]) => `${part} ${value.toFixed(3)}`)
    log(`${name} ${run}: ${texts.join(', ')}`)
    if (run === 0) return
    for (const [metric, value] of Object.entries(figures)) {
      report({ case: name, metric, unit: 's', value })
    }
  }
  // The first run of each fills the caches of the machine, and does not count.
  await lab.startSession()
  for (let run = 0; run <= runs; run++) {
    await measure('a session on a real Mesos', run, () => lab.runJob(program))
  }
  await lab.endSession()
  for (let run = 0; run <= runs; run++) {
    await measure('a cluster for a job', run, () => lab.runCluster(program))
  }
}
