import { type Hadoop, startHadoop } from '../../clusters/hadoop.js'
import { hadoopMissing } from '../../clusters/hadoop-jars.js'
import { startCheckpointStorage } from '../checkpoint-storage.js'
import { Coordination } from '../coordination.js'
import { runRound } from '../fault-round.js'
import { configurationOfRuns, jobOfRound, parallelisms } from '../fault-run.js'
import {
  type FaultRunResult,
  inFrame,
  type RunFrame,
  type RunFrameOptions,
  untilNothingIsLeft,
} from '../run-frame.js'
import { SESSION_TIMEOUT_MS, SLOTS } from './yarn-context.js'
import { YarnFaultCluster } from './yarn-fault-cluster.js'
import { YarnFaultJob } from './yarn-fault-job.js'
import { type YarnScenario, yarnFaultsOf, yarnModes } from './yarn-scenarios.js'

export interface YarnFaultRunOptions extends RunFrameOptions {
  readonly scenario: YarnScenario
  /** Of the cluster's processes: `FLINK_NODE` is what they run with. */
  readonly environment?: NodeJS.ProcessEnv
  /** One that is there, and stays; default: one of its own. */
  readonly hadoop?: Hadoop
}

/** Of one round; a job has ended long before. */
const MAX_FAULTS = 1000
/** Some faults take half a minute: the job of a round lasts longer than elsewhere. */
const ELEMENTS = 120_000

/** Runs jobs on a real YARN, each with a cluster of its own and its faults, until the time is up or something is wrong. */
export function runYarnFaults(options: YarnFaultRunOptions): Promise<FaultRunResult> {
  return inFrame(options, (frame) => runInFrame(options, frame))
}

async function runInFrame(options: YarnFaultRunOptions, frame: RunFrame): Promise<void> {
  const { folder, random, total, owned } = frame
  const missing = hadoopMissing()
  if (missing !== undefined) throw new Error(missing)
  const storage = await owned(startCheckpointStorage('local', folder))
  const coordination = await owned(Coordination.start(folder, SESSION_TIMEOUT_MS, 1))
  const { hadoop } = await owned(startYarn(options.hadoop))
  // Each cluster has a name of its own, that of its application.
  const { 'high-availability.cluster-id': _fixed, ...coordinated } = coordination.configuration
  const cluster = await owned(
    Promise.resolve(
      new YarnFaultCluster(hadoop, folder, {
        'taskmanager.numberOfTaskSlots': SLOTS,
        'yarn.flink-ts.node-path': options.environment?.['FLINK_NODE'] ?? process.execPath,
        ...configurationOfRuns(storage),
        ...coordinated,
      }),
    ),
  )
  frame.begins()
  const modes = yarnModes(random)
  const faults = yarnFaultsOf(options.scenario, random)
  for (const round of frame.rounds()) {
    const note = (text: string) => frame.note(round, text)
    const mode = modes.next().value
    const job = new YarnFaultJob(cluster, mode, {
      ...jobOfRound(folder, round, { elements: ELEMENTS, ...options }),
      storage,
    })
    note(`a cluster for ${mode === 'per-job' ? 'a job' : 'an application'}`)
    const result = await runRound({
      context: {
        ...{ cluster, job, random, storage, note },
        nextParallelism: parallelisms(job, random),
      },
      counts: total,
      faults,
      maxFaults: options.faultsPerRound ?? MAX_FAULTS,
    })
    frame.counts(round, result)
    total.leaders = await cluster.attempts()
    if (result.lost + result.duplicated > 0) return
    total.leftBehind = await untilNothingIsLeft(async () => [
      ...(await cluster.leftovers()),
      ...(await coordination.leftoversOfCluster()),
    ])
    if (total.leftBehind.length > 0) return
    await cluster.untilAllNodes()
  }
}

async function startYarn(given: Hadoop | undefined) {
  if (given !== undefined) return { hadoop: given, close: async () => {} }
  const hadoop = await startHadoop({
    // The containers of a cluster fit on one node when the other is lost.
    memoryMb: 8192,
    vcores: 16,
    yarn: { 'yarn.resourcemanager.am.global.max-attempts': '1000' },
  })
  return { hadoop, close: () => hadoop.stop() }
}
