import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SeededRandom } from '@flink-ts/core'
import { until } from '../support/until.js'
import { type CheckpointStorage, startCheckpointStorage } from './checkpoint-storage.js'
import { Coordination } from './coordination.js'
import type { RoundContext } from './fault.js'
import { FaultCluster, type FaultClusterOptions } from './fault-cluster.js'
import { FaultJob } from './fault-job.js'
import { runRound } from './fault-round.js'
import { type FaultScenario, faultsOf } from './scenarios.js'

export interface FaultRunOptions {
  readonly scenario: FaultScenario
  readonly seed: number
  /** Rounds begin until then; each runs to its end. */
  readonly minutes: number
  /** Elements of one round's job. */
  readonly elements?: number
  /** Faults of one round at the most. */
  readonly faultsPerRound?: number
  /** Logs and output stay, whatever the outcome. */
  readonly keep?: boolean
  /** They go, whatever the outcome. */
  readonly discard?: boolean
  /** Of the cluster's processes. */
  readonly environment?: NodeJS.ProcessEnv
  /** Ends the run where it is, with what it has started; its reason tells why. */
  readonly signal?: AbortSignal
  readonly log: (line: string) => void
}

/** Somebody has ended the run. */
export class RunInterruptedError extends Error {
  constructor(signal: string) {
    super(`ended by ${signal}; the round that ran then is not checked`)
  }
}

/** Counted while a run goes on. */
interface FaultTotals {
  faults: number
  records: number
  lost: number
  duplicated: number
  recoveriesMs: number[]
  /** How many have led; undefined: there is one JobManager. */
  leaders: number | undefined
  /** Nodes and files of jobs or of the cluster that should be gone; undefined: there is one JobManager. */
  leftBehind: readonly string[] | undefined
}

/** What a whole run has found. */
export interface FaultRunResult extends Readonly<FaultTotals> {
  /** Why it ended early. */
  readonly error?: unknown
  /** Whether there has been a cluster at all. */
  readonly hasBegun: boolean
  /** Logs and outputs, if there is something to be looked into. */
  readonly folder: string | undefined
}

const KEYS = 400
const RATE = 1500
const MIN_PARALLELISM = 2
const MAX_PARALLELISM = 4
/** Of one round; a job has ended long before. */
const MAX_FAULTS = 1000
const SESSION_TIMEOUT_MS = 4000
const CLEAN_UP_DEADLINE_MS = 20_000

/** Runs jobs on one cluster, each with its faults, until the time is up or something is wrong. */
export async function runFaults(options: FaultRunOptions): Promise<FaultRunResult> {
  const { scenario, seed, log } = options
  const folder = mkdtempSync(join(tmpdir(), 'flink-faults-'))
  const begun = performance.now()
  const random = new SeededRandom(seed)
  const total: FaultTotals = {
    faults: 0,
    records: 0,
    lost: 0,
    duplicated: 0,
    recoveriesMs: [],
    leaders: undefined,
    leftBehind: undefined,
  }
  let error: unknown
  let hasBegun = false
  const closing: (() => Promise<void>)[] = []
  /** Closed at the end, also if the run ends before it is there. */
  const owned = <T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    closing.unshift(() => starting.then((each) => each.close()).catch(() => {}))
    return starting
  }
  const run = async () => {
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
    hasBegun = true
    const faults = faultsOf(scenario, random)
    for (
      let round = 1;
      round === 1 || performance.now() - begun < options.minutes * 60_000;
      round++
    ) {
      const seconds = () => ((performance.now() - begun) / 1000).toFixed(1).padStart(6)
      const note = (text: string) => log(`${seconds()} s  round ${round}: ${text}`)
      const context = newContext(cluster, { folder, round, storage, random, note, options })
      const maxFaults = options.faultsPerRound ?? MAX_FAULTS
      const result = await runRound({ context, counts: total, faults, maxFaults })
      total.records += result.records
      total.lost += result.lost
      total.duplicated += result.duplicated
      note(`${result.records} records, ${result.lost} lost, ${result.duplicated} duplicated`)
      for (const example of result.examples) note(example)
      if (result.lost + result.duplicated > 0) return
      rmSync(join(folder, `round-${round}`), { recursive: true })
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
  try {
    await unlessAborted(run(), options.signal)
  } catch (caught) {
    error = caught
  } finally {
    for (const close of closing) await close()
  }
  const isFine =
    (error === undefined || options.signal?.aborted === true) &&
    total.lost + total.duplicated + (total.leftBehind?.length ?? 0) === 0
  const stays = (!isFine || options.keep === true) && options.discard !== true
  if (!stays) rmSync(folder, { recursive: true, force: true })
  return {
    ...total,
    ...(error !== undefined && { error }),
    hasBegun,
    folder: stays ? folder : undefined,
  }
}

/** What is still left after a while: the last of it may be removed just now. */
async function untilNothingIsLeft(look: () => Promise<string[]>): Promise<string[]> {
  let left: string[] = []
  await until(
    'nothing is left',
    async () => {
      left = await look()
      return left.length === 0
    },
    CLEAN_UP_DEADLINE_MS,
  ).catch(() => {})
  return left
}

/** What goes on after an abort fails by itself, as its processes are gone. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work
  signal.throwIfAborted()
  await Promise.race([
    work,
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    }),
  ])
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
      'env.log.level': 'INFO',
      // So that tasks of one job are in several processes.
      'taskmanager.load-balance.mode': 'SLOTS',
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
      ...scenario.clusterConfiguration,
    },
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
  const roundFolder = join(folder, `round-${round}`)
  mkdirSync(roundFolder)
  const { configuration } = options.scenario
  const job = new FaultJob(cluster, {
    count: options.elements ?? 60_000,
    keys: KEYS,
    rate: RATE,
    folder: roundFolder,
    storage,
    ...(configuration && { configuration }),
  })
  const nextParallelism = () => {
    const others = []
    for (let p = MIN_PARALLELISM; p <= MAX_PARALLELISM; p++)
      if (p !== job.parallelism) others.push(p)
    return others[random.nextInt(others.length)]!
  }
  return { cluster, job, random, storage, note, nextParallelism }
}
