import { join } from 'node:path'
import { MeasuredJob } from '../cluster/measured-job.mjs'
import { StandaloneCluster } from '../cluster/standalone-cluster.mjs'
import { measuredOn, systemsOf } from '../cluster/systems.mjs'
import { sleep } from '../measure/processes.mjs'

export const needsInstallation = true

const SETTINGS = {
  'default settings': {},
  'heartbeats of 1 s, timeout 5 s': { 'heartbeat.interval': '1 s', 'heartbeat.timeout': '5 s' },
}
/** Of a job in a cluster of three TaskManagers with one slot each; there is always a free one. */
const JOBS = {
  'the whole job was on it': { parallelism: 1 },
  'half of the job was on it': { parallelism: 2 },
}
/** Checkpoints before the kill, one a second. */
const CHECKPOINTS = 3

/** From SIGKILL of a TaskManager to the first output of the job's next attempt. */
export async function run({ report, runs, log, atEnd, ...bench }) {
  for (let run = 0; run < runs; run++) {
    for (const [settings, configuration] of Object.entries(SETTINGS)) {
      for (const system of systemsOf(bench)) {
        const cluster = new StandaloneCluster(system, {
          scratch: bench.scratch,
          slots: 1,
          configuration,
        })
        atEnd(() => cluster.stop())
        await cluster.startWith(3)
        for (const [title, { parallelism }] of Object.entries(JOBS)) {
          const { first, all } = await recovery(cluster, bench.scratch, parallelism)
          log(`${system.name} ${settings}, ${title}: ${first} s, all subtasks ${all} s`)
          const name = `${settings}, ${title}`
          const add = (metric, value) =>
            report({ case: name, metric, unit: 's', ...measuredOn(system, value) })
          add('SIGKILL to the first output', first)
          if (parallelism > 1) add('SIGKILL to the output of all subtasks', all)
        }
        await cluster.stop()
      }
    }
  }
}

async function recovery(cluster, scratch, parallelism) {
  const job = await MeasuredJob.submit(cluster, {
    scratch,
    args: { keys: 10_000, records: 1_000_000_000, parallelism, 'per-second': 10_000 },
    settings: {
      'execution.checkpointing.interval': '1 s',
      'execution.checkpointing.dir': `file://${join(scratch, 'checkpoints')}`,
    },
  })
  for (;;) {
    const { counts } = await job.checkpoints()
    if (counts !== undefined && counts.completed >= CHECKPOINTS) break
    await sleep(100)
  }
  await job.until(() => job.outputs().size === parallelism, 'output of all subtasks')
  const killed = (await job.taskManagers())[0]
  const before = new Set(job.outputs().keys())
  const killedMs = Date.now()
  process.kill(cluster.pidOf(killed), 'SIGKILL')
  const firsts = () =>
    [...job.outputs()]
      .filter(([attempt]) => !before.has(attempt))
      .map(([, [[ms]]]) => (ms - killedMs) / 1000)
  await job.until(() => firsts().length >= parallelism, 'output after the kill', 120)
  const first = Math.min(...firsts())
  const all = Math.max(...firsts())
  await job.cancel()
  await cluster.startTaskManager()
  // It may take a while until the dead one is forgotten: free slots count.
  for (;;) {
    const overview = await cluster.rest.get('/overview')
    if (overview['slots-available'] >= 3) break
    await sleep(50)
  }
  return { first, all }
}
