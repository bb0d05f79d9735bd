import { join } from 'node:path'
import { MeasuredJob } from '../cluster/measured-job.mjs'
import { StandaloneCluster } from '../cluster/standalone-cluster.mjs'
import { measuredOn, systemsOf } from '../cluster/systems.mjs'
import { median } from '../measure/figures.mjs'
import { now, peakMemory, residentMemory, sleep } from '../measure/processes.mjs'

export const needsInstallation = true

/** Of each value. */
const VALUE_BYTES = 1000
/** Gigabytes of state; the memory of the TaskManager is 1 GB. */
const GIGABYTES = Number(process.env.BENCH_DISK_STATE_GB ?? 5)
/** Updates a second once all keys have a value. */
const PER_SECOND = 2000
const INTERVAL_S = 5
/** Checkpoints whose size is looked at. */
const CHECKPOINTS = 4
const LIMITS = { process: '1024m', metaspace: '96m', overhead: '64m' }

/**
 * State larger than memory under incremental checkpoints: what each of them uploads, beside what has changed; then the job is cancelled and another one begins
 * with its last checkpoint in a new TaskManager. Runs once, whatever --runs says.
 */
export async function run({ report, log, atEnd, ...bench }) {
  const { scratch } = bench
  const keys = Math.round((GIGABYTES * 1e9) / VALUE_BYTES)
  for (const system of systemsOf(bench)) {
    const cluster = new StandaloneCluster(system, {
      scratch,
      slots: 1,
      configuration: {
        'taskmanager.memory.process.size': LIMITS.process,
        // Of the parts that the formulas give to a JVM: the task's heap would be too small.
        'taskmanager.memory.jvm-metaspace.size': LIMITS.metaspace,
        'taskmanager.memory.jvm-overhead.min': LIMITS.overhead,
      },
    })
    atEnd(() => cluster.stop())
    await cluster.startWith(1)
    const name = `${GIGABYTES} GB of keyed state, TaskManager of 1 GB`
    const add = (metric, unit, value) => {
      log(`${system.name}: ${metric} ${value.toFixed(2)} ${unit}`)
      report({ case: name, metric, unit, ...measuredOn(system, value) })
    }
    const job = {
      scratch,
      args: {
        ...{ keys, records: 1_000_000_000, parallelism: 1 },
        ...{ 'value-bytes': VALUE_BYTES, 'per-second': PER_SECOND },
      },
      settings: {
        'state.backend.type': system.stateBackends.disk,
        'execution.checkpointing.incremental': 'true',
        'execution.checkpointing.interval': `${INTERVAL_S} s`,
        'execution.checkpointing.externalized-checkpoint-retention': 'RETAIN_ON_CANCELLATION',
        'execution.checkpointing.dir': `file://${join(scratch, `checkpoints-${system.name}`)}`,
      },
    }
    const begin = now()
    const first = await MeasuredJob.submit(cluster, job)
    await first.until(() => first.records() >= keys, 'all keys', 3600)
    add('records a second until each key has a value', '/s', keys / (now() - begin))
    const filled = (await first.completedCheckpoints()).at(-1)?.id ?? 0
    let last = []
    while (last.length < CHECKPOINTS + 1) {
      await sleep(500)
      last = (await first.completedCheckpoints()).filter(({ id }) => id > filled)
    }
    // The first of them has what was written while the keys came.
    const uploads = last.slice(1).map(({ checkpointed_size, trigger_timestamp }, i) => {
      const updates =
        first.recordsAt(trigger_timestamp) - first.recordsAt(last[i].trigger_timestamp)
      return { megabytes: checkpointed_size / 1e6, changed: (updates * VALUE_BYTES) / 1e6 }
    })
    for (const { megabytes, changed } of uploads) {
      log(`${system.name}: ${changed.toFixed(1)} MB have changed, ${megabytes.toFixed(1)} stored`)
    }
    add('state in a checkpoint', 'MB', last.at(-1).state_size / 1e6)
    add('changed since the one before', 'MB', median(uploads.map(({ changed }) => changed)))
    add('stored by a checkpoint', 'MB', median(uploads.map(({ megabytes }) => megabytes)))
    add('peak memory of the TaskManager', 'MB', peakMemory(cluster.pidOf('tm-0')))
    await first.cancel()
    const { latest } = await first.checkpoints()
    process.kill(cluster.pidOf('tm-0'), 'SIGKILL')
    await cluster.startTaskManager()
    await awaitTaskManager(cluster, 'tm-1')
    const pid = cluster.pidOf('tm-1')
    const second = await MeasuredJob.submit(cluster, {
      ...job,
      savepoint: latest.completed.external_path,
    })
    await second.until(() => second.records() > 0, 'output of the restored job', 1800)
    const [[ms]] = second.outputs().get('0-0')
    add('flink run -s to the first output', 's', (ms - second.submittedMs) / 1000)
    await second.untilRecords(PER_SECOND * 5)
    add('resident memory after that', 'MB', residentMemory(pid))
    add('peak memory of the restored TaskManager', 'MB', peakMemory(pid))
    await second.cancel()
    await cluster.stop()
  }
}

/** The killed one may still be known. */
async function awaitTaskManager(cluster, id) {
  for (;;) {
    const { taskmanagers } = await cluster.rest.get('/taskmanagers')
    if (taskmanagers.some((each) => each.id === id && each.freeSlots > 0)) break
    await sleep(50)
  }
}
