import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '@flink-ts/core'
import { type CheckpointStorage, startCheckpointStorage } from './checkpoint-storage.js'
import { Coordination } from './coordination.js'
import type { RoundContext } from './fault.js'
import { FaultCluster, type FaultClusterOptions } from './fault-cluster.js'
import { FaultJob } from './fault-job.js'
import { runRound } from './fault-round.js'
import {
  type FaultRunResult,
  inFrame,
  type RunFrame,
  type RunFrameOptions,
  untilNothingIsLeft,
} from './run-frame.js'
import { type FaultScenario, faultsOf } from './scenarios.js'

export interface FaultRunOptions extends RunFrameOptions {
  readonly scenario: FaultScenario
}

const KEYS = 400
const RATE = 1500
const MIN_PARALLELISM = 2
const MAX_PARALLELISM = 4
/** Of one round; a job has ended long before. */
const MAX_FAULTS = 1000
const SESSION_TIMEOUT_MS = 4000

/** Runs jobs on one cluster, each with its faults, until the time is up or something is wrong. */
export function runFaults(options: FaultRunOptions): Promise<FaultRunResult> {
  return inFrame(options, (frame) => runInFrame(options, frame))
}

async function runInFrame(options: FaultRunOptions, frame: RunFrame): Promise<void> {
  const { scenario, log } = options
  const { folder, random, total, owned } = frame
  const kind = scenario.storage ?? 'local'
  const storage = await owned(startCheckpointStorage(kind, folder))
  if (kind === 'local' && storage.disk === undefined)
    log('there is no right to mount a small disk: it is not filled')
  const coordination =
    scenario.hasStandbys === true
      ? await owned(Coordination.start(folder, SESSION_TIMEOUT_MS))
      : undefined
  const cluster = await owned(
    FaultCluster.prepare(clusterOptions({ folder, storage, coordination, options })),
  )
  options.signal?.throwIfAborted()
  await cluster.start()
  frame.begins()
  const faults = faultsOf(scenario, random)
  for (const round of frame.rounds()) {
    const note = (text: string) => frame.note(round, text)
    const context = newContext(cluster, { folder, round, storage, random, note, options })
    const maxFaults = options.faultsPerRound ?? MAX_FAULTS
    const result = await runRound({ context, counts: total, faults, maxFaults })
    frame.counts(round, result)
    if (result.lost + result.duplicated > 0) return
    await cluster.refill()
    await cluster.untilSlots()
    total.leaders = coordination?.leaders
    if (coordination === undefined) continue
    total.leftBehind = await untilNothingIsLeft(() => coordination.leftoversOfJobs())
    if (total.leftBehind.length > 0) return
  }
  if (coordination === undefined) return
  await cluster.shutDown()
  total.leftBehind = await untilNothingIsLeft(() => coordination.leftoversOfCluster())
}

function clusterOptions(parts: {
  readonly folder: string
  readonly storage: CheckpointStorage
  readonly coordination: Coordination | undefined
  readonly options: FaultRunOptions
}): FaultClusterOptions {
  const { folder, storage, coordination, options } = parts
  const { environment, scenario } = options
  return {
    folder,
    ...(coordination && { coordination }),
    taskManagers: 3,
    slots: 2,
    ...(environment && { environment }),
    configuration: {
      // So that tasks of one job are in several processes.
      'taskmanager.load-balance.mode': 'SLOTS',
      ...configurationOfRuns(storage),
      ...scenario.clusterConfiguration,
    },
  }
}

/** What all clusters have: faults are noticed soon, and never are too many. */
export function configurationOfRuns(storage: CheckpointStorage): Record<string, string | number> {
  return {
    'env.log.level': 'INFO',
    'heartbeat.interval': '500 ms',
    'heartbeat.timeout': '5 s',
    'restart-strategy.type': 'fixed-delay',
    'restart-strategy.fixed-delay.attempts': 1_000_000,
    'restart-strategy.fixed-delay.delay': '100 ms',
    'execution.checkpointing.interval': '1 s',
    'execution.checkpointing.timeout': '20 s',
    'execution.checkpointing.tolerable-failed-checkpoints': 1_000_000,
    'execution.checkpointing.dir': storage.checkpoints,
    'execution.checkpointing.savepoint-dir': storage.savepoints,
    'execution.checkpointing.num-retained': 3,
    'execution.checkpointing.externalized-checkpoint-retention': 'RETAIN_ON_CANCELLATION',
    // Small state goes into files as well: they are what is damaged.
    'execution.checkpointing.data-inline-threshold': '1 kb',
    ...storage.configuration,
  }
}

function newContext(
  cluster: FaultCluster,
  parts: Pick<RoundContext, 'storage' | 'random' | 'note'> & {
    folder: string
    round: number
    options: FaultRunOptions
  },
): RoundContext {
  const { folder, round, storage, random, note, options } = parts
  const { configuration } = options.scenario
  const job = new FaultJob(cluster, {
    ...jobOfRound(folder, round, options),
    storage,
    ...(configuration && { configuration }),
  })
  return { cluster, job, random, storage, note, nextParallelism: parallelisms(job, random) }
}

/** @returns what the job of a round is, with a folder of its own */
export function jobOfRound(folder: string, round: number, options: RunFrameOptions) {
  const roundFolder = join(folder, `round-${round}`)
  mkdirSync(roundFolder)
  return { count: options.elements ?? 60_000, keys: KEYS, rate: RATE, folder: roundFolder }
}

/** Each time another parallelism than the job has. */
export function parallelisms(job: { readonly parallelism: number }, random: Random): () => number {
  return () => {
    const others = []
    for (let p = MIN_PARALLELISM; p <= MAX_PARALLELISM; p++)
      if (p !== job.parallelism) others.push(p)
    return others[random.nextInt(others.length)]!
  }
}
