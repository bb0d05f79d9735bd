import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Random, SeededRandom } from '@flink-ts/core'
import { until } from '../support/until.js'
import type { CheckResult } from './row-checker.js'

/** How a run goes, whatever it runs on. */
export interface RunFrameOptions {
  readonly seed: number
  /** Rounds begin until then; each runs to its end. */
  readonly minutes: number
  /** Elements of one round's job. */
  readonly elements?: number
  /** Faults of one round at the most. */
  readonly faultsPerRound?: number
  /** More variables of the cluster's processes: `FLINK_NODE` is what they run with. */
  readonly environment?: NodeJS.ProcessEnv
  /** Logs and output stay, whatever the outcome. */
  readonly keep?: boolean
  /** They go, whatever the outcome. */
  readonly discard?: boolean
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
export interface FaultTotals {
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

const CLEAN_UP_DEADLINE_MS = 60_000

/** What a run has at hand. */
export interface RunFrame {
  /** Everything of the run is below it. */
  readonly folder: string
  readonly random: Random
  readonly total: FaultTotals
  /** Closed at the end, also if the run ends before it is there. */
  owned<T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T>
  /** There is a cluster from now on. */
  begins(): void
  /** Numbers of the rounds, until the time is up. */
  rounds(): Generator<number>
  /** A line for the log, of this round. */
  note(round: number, text: string): void
  /** Adds what a round has found; its folder goes if nothing is wrong. */
  counts(round: number, result: CheckResult): void
}

/** Runs something that is closed in the end, whatever happens. */
export async function inFrame(
  options: RunFrameOptions,
  run: (frame: RunFrame) => Promise<void>,
): Promise<FaultRunResult> {
  const folder = mkdtempSync(join(tmpdir(), 'flink-faults-'))
  const begun = performance.now()
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
  const frame: RunFrame = {
    folder,
    random: new SeededRandom(options.seed),
    total,
    owned(starting) {
      closing.unshift(() => starting.then((each) => each.close()).catch(() => {}))
      return starting
    },
    begins() {
      hasBegun = true
    },
    *rounds() {
      const isOver = () => performance.now() - begun >= options.minutes * 60_000
      for (let round = 1; round === 1 || !isOver(); round++) yield round
    },
    note(round, text) {
      const seconds = ((performance.now() - begun) / 1000).toFixed(1).padStart(6)
      options.log(`${seconds} s  round ${round}: ${text}`)
    },
    counts(round, result) {
      const { records, lost, duplicated, examples } = result
      total.records += records
      total.lost += lost
      total.duplicated += duplicated
      frame.note(round, `${records} records, ${lost} lost, ${duplicated} duplicated`)
      for (const example of examples) frame.note(round, example)
      if (lost + duplicated === 0) rmSync(join(folder, `round-${round}`), { recursive: true })
    },
  }
  try {
    await unlessAborted(run(frame), options.signal)
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
export async function untilNothingIsLeft(look: () => Promise<string[]>): Promise<string[]> {
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
