import assert from 'node:assert/strict'
import { FlinkError } from '@flink-ts/core'
import type { SimulatedCluster } from '../simulation/cluster/simulated-cluster.js'
import type { SimulatedJob } from '../simulation/cluster/simulated-job.js'
import { SimulationTimeoutError } from '../simulation/cluster/simulation-timeout-error.js'
import { restorableBelow } from '../simulation/invariants/checkpoint-invariants.js'
import { unleashNemesis } from '../simulation/nemesis/nemesis.js'
import { CHAOS_CONFIGURATION } from './chaos.js'
import { CheckpointFileFaults } from './checkpoint-file-faults.js'
import { CHECKPOINT_FOLDER, checkpointKeys, countingJob } from './counting-job.js'
import { expectFinished } from './expectations.js'
import { RECOVERY_MS } from './recovery.js'
import type { Scenario } from './scenario.js'

const SAVEPOINT_FOLDER = '/savepoints'
const LOCAL_FOLDER = '/local'
/** A savepoint that nobody answers for is given up: it may be complete all the same. */
const SAVEPOINT_PATIENCE_MS = 60_000

export const checkpointFiles: Scenario = {
  name: 'checkpoint-files',
  description:
    'A job whose checkpoint files fail to be written, and are damaged, counts and writes everything once; savepoints stay whole, and nothing else is left.',
  async run({ random, start }) {
    const cluster = await start({
      taskManagers: 3,
      highlyAvailableJobManagers: 2,
      maxTurnMs: 5 + random.next() * 100,
      configuration: {
        ...CHAOS_CONFIGURATION,
        ...checkpointKeys(random),
        // So that there are files, and an older one where the newest is damaged.
        'execution.checkpointing.data-inline-threshold': '0',
        'execution.checkpointing.num-retained': `${2 + random.nextInt(2)}`,
        'execution.checkpointing.local-backup.dirs': LOCAL_FOLDER,
        'state.backend.local-recovery': `${random.next() < 0.5}`,
      },
    })
    const { files } = cluster.world
    const counting = countingJob(random, {
      numbers: 300 + random.nextInt(1_500),
      // What was committed after an older checkpoint would come again.
      commitsAtEnd: true,
    })
    const job = await cluster.submit(counting.program({ parallelism: 2, output: '/out' }))
    const faults = new CheckpointFileFaults(files, {
      folder: CHECKPOINT_FOLDER,
      random,
      probability: random.next() * 0.1,
      counts: cluster.faults,
    })
    for (let phase = 0; phase < 3 && !job.hasEnded; phase++) {
      await unleashNemesis(cluster, {
        random,
        periodMs: 1_000 + random.next() * 10_000,
        meanPauseMs: 300 + random.next() * 3_000,
        minTaskManagers: 2,
        look: () => cluster.checkCheckpoints(CHECKPOINT_FOLDER),
      })
      if (random.next() < 0.5) await savepoint(cluster, job)
      if (random.next() < 0.5) {
        await faults.damageNewest(files, await restorableBelow(files, CHECKPOINT_FOLDER))
      }
    }
    faults.stop()
    expectFinished(await job.end(RECOVERY_MS))
    await counting.check(cluster, ['/out'])
    await cluster.checkCheckpoints(SAVEPOINT_FOLDER)
    await expectNothingIn(cluster, CHECKPOINT_FOLDER)
  },
}

/** Takes one if it can be; whether it is whole is looked at in the end. */
async function savepoint(cluster: SimulatedCluster, job: SimulatedJob): Promise<void> {
  try {
    await job.savepoint(SAVEPOINT_FOLDER, SAVEPOINT_PATIENCE_MS)
  } catch (error) {
    if (!(error instanceof SimulationTimeoutError) && !FlinkError.is(error)) throw error
  }
  await cluster.checkCheckpoints(SAVEPOINT_FOLDER)
}

/** @throws AssertionError unless all files of a job that has finished go within bounded time, shared ones and those of failed checkpoints too */
async function expectNothingIn(cluster: SimulatedCluster, folder: string): Promise<void> {
  const deadlineMs = cluster.nowMs + RECOVERY_MS
  for (;;) {
    const left = await filesBelow(cluster, folder)
    if (left.length === 0) return
    assert(cluster.nowMs < deadlineMs, `nothing of a finished job is left, but there is ${left}`)
    await cluster.advance(1_000)
  }
}

async function filesBelow(cluster: SimulatedCluster, folder: string): Promise<string[]> {
  const { files } = cluster.world
  if (!(await files.exists(folder))) return []
  const found: string[] = []
  for (const { path, isDirectory } of await files.list(folder)) {
    if (isDirectory) found.push(...(await filesBelow(cluster, path)))
    else found.push(path)
  }
  return found
}
