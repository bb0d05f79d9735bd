import { startCheckpointStorage } from '../checkpoint-storage.js'
import { Coordination } from '../coordination.js'
import type { Fault } from '../fault.js'
import { runRound } from '../fault-round.js'
import { configurationOfRuns, jobOfRound, parallelisms } from '../fault-run.js'
import type { FaultJobOptions } from '../job-under-faults.js'
import {
  type FaultRunResult,
  inFrame,
  type RunFrame,
  type RunFrameOptions,
  untilNothingIsLeft,
} from '../run-frame.js'
import { type ManagedCluster, SESSION_TIMEOUT_MS, SLOTS } from './managed-cluster.js'
import type { ManagedJob } from './managed-job.js'
import { eachOnceThenByWeight, inTurn, type ManagedScenario } from './managed-scenario.js'

/** What a fault run needs to know of a resource manager. */
export interface ManagedPlatform<C extends ManagedCluster, J extends ManagedJob, M extends string> {
  /** Why it cannot be started here; undefined: it can. */
  readonly missing: string | undefined
  /** Kinds of clusters that jobs have in turn, and what the log says of them. */
  readonly modes: readonly [M, M]
  readonly modeNames: Readonly<Record<M, string>>
  /**
   * Starts it; all of it is owned by the frame.
   *
   * @param configuration that all clusters on it are to have
   */
  start(frame: RunFrame, configuration: ClusterKeys, coordination: Coordination): Promise<C>
  newJob(cluster: C, mode: M, options: FaultJobOptions): J
}

export type ClusterKeys = Readonly<Record<string, string | number>>

export interface ManagedRunOptions<C extends ManagedCluster, J extends ManagedJob>
  extends RunFrameOptions {
  readonly scenario: ManagedScenario<Fault<C, J>>
}

/** Of one round; a job has ended long before. */
const MAX_FAULTS = 1000
/** Some faults take half a minute: the job of a round lasts longer than elsewhere. */
const ELEMENTS = 120_000

/**
 * Runs jobs on a real resource manager, in clusters of two kinds in turn and each with its faults, until the time is up
 * or something is wrong. After each round nothing of its cluster may be left.
 */
export function runManagedFaults<C extends ManagedCluster, J extends ManagedJob, M extends string>(
  platform: ManagedPlatform<C, J, M>,
  options: ManagedRunOptions<C, J>,
): Promise<FaultRunResult> {
  return inFrame(options, (frame) => runInFrame(platform, options, frame))
}

async function runInFrame<C extends ManagedCluster, J extends ManagedJob, M extends string>(
  platform: ManagedPlatform<C, J, M>,
  options: ManagedRunOptions<C, J>,
  frame: RunFrame,
): Promise<void> {
  const { folder, random, total, owned } = frame
  if (platform.missing !== undefined) throw new Error(platform.missing)
  const storage = await owned(startCheckpointStorage('local', folder))
  const coordination = await owned(Coordination.start(folder, SESSION_TIMEOUT_MS, 1))
  const keys = {
    'taskmanager.numberOfTaskSlots': SLOTS,
    ...configurationOfRuns(storage),
    ...coordination.configuration,
  }
  const cluster = await platform.start(frame, keys, coordination)
  frame.begins()
  const modes = inTurn(platform.modes, random)
  const faults = eachOnceThenByWeight(options.scenario, random)
  for (const round of frame.rounds()) {
    const note = (text: string) => frame.note(round, text)
    const mode = modes.next().value
    const job = platform.newJob(cluster, mode, {
      ...jobOfRound(folder, round, { elements: ELEMENTS, ...options }),
      storage,
    })
    note(platform.modeNames[mode])
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
    total.leaders = await cluster.jobManagers()
    if (result.lost + result.duplicated > 0) return
    total.leftBehind = await leftBehind(cluster, job, coordination)
    if (total.leftBehind.length > 0) return
    await cluster.untilWell()
  }
}

/** What is wrong at the end of a cluster: secrets that were shown while it ran or are after it, and what is left of it. */
async function leftBehind(
  cluster: ManagedCluster,
  job: ManagedJob,
  coordination: Coordination,
): Promise<string[]> {
  const shown = await cluster.secretsShown()
  await job.endCluster()
  const left = await untilNothingIsLeft(async () => [
    ...(await cluster.leftovers()),
    ...(await cluster.secretsShown()),
    ...(await coordination.leftoversOfCluster()),
  ])
  return [...new Set([...shown, ...left])]
}
