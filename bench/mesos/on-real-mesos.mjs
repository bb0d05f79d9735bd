import { flinkTs } from '../cluster/systems.mjs'
import { MesosLab } from './mesos-lab.mjs'
import { partsOf, timelineOf } from './timeline.mjs'

/**
 * A job of ten records in a session without TaskManagers, and in a cluster of its own, on a real Mesos of one master and one agent that
 * have the installation; and in a session whose agent fetches it, by a stand-in for the fetcher, into its cache. From the submission to
 * all tasks RUNNING, in parts, with the master's own offer cycle taken off.
 */
export async function measureOnRealMesos(options) {
  const isThere = await inLab(options, async (lab, measure) => {
    await lab.startSession()
    await measure('a session on a real Mesos', (program) => lab.runJob(program))
    await lab.endSession()
    await measure('a cluster for a job', (program) => lab.runCluster(program))
  })
  if (!isThere) return
  await inLab({ ...options, fetches: true }, async (lab, measure) => {
    await lab.startSession()
    await measure('a session whose agent fetches', (program) => lab.runJob(program))
    await lab.endSession()
  })
}

/** @returns false, having said why, if there is no Mesos here */
async function inLab({ report, runs, log, atEnd, root, home, scratch, fetches }, action) {
  const system = flinkTs({ home, root })
  const lab = await MesosLab.start({ root, home, scratch, system, log, fetches })
  if (lab === undefined) return false
  atEnd(() => lab.stop())
  const program = system.program('trivial')
  await action(lab, async (name, runJob) => {
    // The first run fills the caches of machine and agent, and does not count.
    for (let run = 0; run <= runs; run++) {
      const begin = await runJob(program)
      const figures = partsOf(timelineOf({ begin, logs: lab.logs() }))
      const texts = Object.entries(figures).map(([part, value]) => `${part} ${value.toFixed(3)}`)
      log(`${name} ${run}: ${texts.join(', ')}`)
      if (run === 0) continue
      for (const [metric, value] of Object.entries(figures)) {
        report({ case: name, metric, unit: 's', value })
      }
    }
  })
  await lab.stop()
  return true
}
