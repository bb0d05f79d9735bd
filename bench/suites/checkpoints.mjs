import { join } from 'node:path'
import { MeasuredJob } from '../cluster/measured-job.mjs'
import { StandaloneCluster } from '../cluster/standalone-cluster.mjs'
import { measuredOn, systemsOf } from '../cluster/systems.mjs'
import { cpuSeconds } from '../measure/processes.mjs'

export const needsInstallation = true

const KEYS = Number(process.env.BENCH_CHECKPOINT_KEYS ?? 1_000_000)
/** That a rate is measured for, once every key has its state. */
const SECONDS = Number(process.env.BENCH_CHECKPOINT_SECONDS ?? 20)
const BACKENDS = (process.env.BENCH_CHECKPOINT_BACKENDS ?? 'heap,disk').split(',')
const WITHOUT = 'no checkpoints'
const WITH = 'a checkpoint each second'

/**
 * Updates a second of keyed state, without checkpoints and with one a second, in each state backend: in pairs, of which every other one is
 * measured in the other order. Processor time is that of the thread which has the state, and of its whole TaskManager, for each update.
 */
export async function run({ report, runs, log, atEnd, ...bench }) {
  const { scratch } = bench
  const clusters = []
  for (const system of systemsOf(bench)) {
    const configuration = { 'taskmanager.memory.process.size': '4096m' }
    const cluster = new StandaloneCluster(system, { scratch, slots: 1, configuration })
    atEnd(() => cluster.stop())
    await cluster.start()
    clusters.push(cluster)
  }
  for (let run = 0; run < runs; run++) {
    for (const backend of BACKENDS) {
      const measured = new Map(clusters.map((cluster) => [cluster, {}]))
      for (const title of run % 2 === 0 ? [WITHOUT, WITH] : [WITH, WITHOUT]) {
        for (const cluster of clusters) {
          measured.get(cluster)[title] = await measure(cluster, { backend, title, scratch, log })
        }
      }
      for (const [{ system }, of] of measured) {
        const add = (title, metric, unit, value) => {
          // Flink's threads do not tell their time.
          if (Number.isNaN(value)) return
          const name = `${backend}, ${KEYS.toLocaleString('en')} keys${title && `, ${title}`}`
          report({ case: name, metric, unit, ...measuredOn(system, value) })
        }
        for (const title of [WITHOUT, WITH]) {
          const { perSecond, threadNs, processNs } = of[title]
          add(title, 'updates', 'million/s', perSecond / 1e6)
          add(title, 'thread, an update', 'ns', threadNs)
          add(title, 'TaskManager, an update', 'ns', processNs)
        }
        add(WITH, 'one checkpoint', 'ms', of[WITH].tookMs)
        add(WITH, 'completed', '/s', of[WITH].completed / SECONDS)
        const { records, completed } = of[WITH]
        const one = (metric) =>
          ((of[WITH][metric] - of[WITHOUT][metric]) * records) / completed / 1e6
        const cost = (1 - of[WITH].perSecond / of[WITHOUT].perSecond) * 100
        add('', 'cost of checkpoints', '% of the updates', cost)
        // On a machine that has other work to do, a second has less than a second of the thread: these do not depend on that.
        add('', 'one checkpoint, thread', 'CPU ms', one('threadNs'))
        add('', 'one checkpoint, TaskManager', 'CPU ms', one('processNs'))
        log(
          `${system.name} ${backend}: cost ${cost.toFixed(1)} %, one checkpoint ${one('threadNs').toFixed(0)} ms of the thread and ${one('processNs').toFixed(0)} ms of its process`,
        )
      }
    }
  }
}

async function measure(cluster, { backend, title, scratch, log }) {
  const { system } = cluster
  const job = await MeasuredJob.submit(cluster, {
    scratch,
    args: { keys: KEYS, records: 1_000_000_000, parallelism: 1 },
    settings: {
      'state.backend.type': system.stateBackends[backend],
      'execution.checkpointing.incremental': String(backend === 'disk'),
      'execution.checkpointing.dir': `file://${join(scratch, 'checkpoints')}`,
      ...(title === WITH && { 'execution.checkpointing.interval': '1 s' }),
    },
  })
  // The compilers have seen each key's second time, too.
  await job.untilRecords(KEYS * 3)
  const completed = async () => (await job.checkpoints()).counts?.completed ?? 0
  const completedBefore = await completed()
  const cpuBefore = cpuSeconds(cluster.taskManagerPid)
  const { perSecond, threadNs, records } = await job.rate(SECONDS)
  const cpu = cpuSeconds(cluster.taskManagerPid) - cpuBefore
  const done = (await completed()) - completedBefore
  const { summary } = await job.checkpoints()
  await job.cancel()
  const tookMs = summary?.end_to_end_duration?.avg ?? 0
  const processNs = (cpu * 1e9) / records
  log(
    `${system.name} ${backend} ${title}: ${Math.round(perSecond)} updates/s, ${threadNs.toFixed(0)} ns of the thread and ${processNs.toFixed(0)} ns of its process each, ${done} checkpoints of ${Math.round(tookMs)} ms`,
  )
  return { perSecond, threadNs, processNs, records, completed: done, tookMs }
}
