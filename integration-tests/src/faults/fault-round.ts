import { until } from '../support/until.js'
import { checkOutput } from './check-output.js'
import { type Fault, lasting, type RoundContext } from './fault.js'
import type { JobUnderFaults } from './job-under-faults.js'
import { writerOf } from './read-output.js'
import type { CheckResult } from './row-checker.js'

/** Longer than any recovery may take on a busy machine. */
const RECOVERY_DEADLINE_MS = 120_000
const MAX_PAUSE_MS = 1500
/** That are shown. */
const MAX_VIOLATIONS = 5

/** Counts what happens, also of a round that does not come to its end. */
export interface FaultCounts {
  faults: number
  /** From the fault to the first row of the next attempt, in ms: one for each fault that made the tasks begin anew. */
  readonly recoveriesMs: number[]
}

/** A cluster of any kind. */
export interface HealedCluster {
  /** All bytes pass again, and nobody is stopped. */
  heal(): void
}

export interface RoundOptions<C extends HealedCluster, J extends JobUnderFaults> {
  readonly context: RoundContext<C, J>
  readonly counts: FaultCounts
  readonly faults: Iterator<Fault<C, J>, never>
  /** After so many the job is left in peace. */
  readonly maxFaults: number
}

/**
 * Runs one job to its end with one fault after the other, and checks what it wrote, row by row.
 *
 * @throws Error when it does not go on after a fault, or fails for good
 */
export async function runRound<C extends HealedCluster, J extends JobUnderFaults>(
  options: RoundOptions<C, J>,
): Promise<CheckResult> {
  const { context, counts, faults, maxFaults } = options
  const { job, cluster, random } = context
  await job.submit(context.nextParallelism())
  await until('a checkpoint is complete', () => job.parts().size > 0, RECOVERY_DEADLINE_MS)
  if (await job.isFinished()) throw new Error('the job has finished without a checkpoint')
  let injected = 0
  while (injected < maxFaults && job.violations().length === 0 && !(await job.isFinished())) {
    const fault = faults.next().value
    const outcome = await injectAndRecover(context, fault)
    if (!outcome.done) continue
    injected++
    counts.faults++
    if (outcome.recoveryMs !== undefined) counts.recoveriesMs.push(outcome.recoveryMs)
    await lasting(random.nextInt(MAX_PAUSE_MS))
  }
  cluster.heal()
  const { count, rate } = job.options
  const deadlineMs = RECOVERY_DEADLINE_MS + (3000 * count) / rate
  await until(
    'the job has finished',
    async () => job.violations().length > 0 || (await job.isFinished()),
    deadlineMs,
  )
  const violations = job.violations()
  // It may never come to its end now, and there is nothing more to find out.
  if (violations.length > 0) {
    const examples = violations.slice(0, MAX_VIOLATIONS)
    return { records: 0, lost: 0, duplicated: violations.length, examples }
  }
  return checkOutput(job)
}

/** One fault, until rows that were written after it are visible. */
async function injectAndRecover<C extends HealedCluster, J extends JobUnderFaults>(
  context: RoundContext<C, J>,
  fault: Fault<C, J>,
): Promise<{ done: boolean; recoveryMs?: number }> {
  const { job, cluster, note } = context
  let writersBefore = job.writers()
  let happenedAt = performance.now()
  let firstNewMs: number | undefined
  const happens = () => {
    // What an earlier fault has led to meanwhile is not the answer to this one.
    writersBefore = job.writers()
    happenedAt = performance.now()
    firstNewMs = undefined
  }
  note(fault.name)
  const look = () => {
    if (firstNewMs !== undefined) return
    for (const writer of job.writers()) {
      if (!writersBefore.has(writer)) {
        firstNewMs = performance.now() - happenedAt
        return
      }
    }
  }
  const watching = setInterval(look, 20)
  try {
    const done = await fault.inject({ ...context, happens })
    cluster.heal()
    if (!done) return { done: false }
    const partsBefore = job.parts()
    await until(
      `the job goes on after ${fault.name}`,
      async () => {
        look()
        if (job.violations().length > 0 || (await job.isFinished())) return true
        if (fault.restarts && firstNewMs === undefined) return false
        // Files that an attempt finds in its checkpoint become visible even if it does not come far: its own ones count.
        const isOwn = (part: string) => !fault.restarts || !writersBefore.has(writerOf(part))
        return [...job.parts()].some((part) => !partsBefore.has(part) && isOwn(part))
      },
      RECOVERY_DEADLINE_MS,
    )
    job.revoke('falls-back')
    if (firstNewMs === undefined) return { done: true }
    note(`recovered after ${firstNewMs.toFixed(0)} ms`)
    return { done: true, recoveryMs: firstNewMs }
  } finally {
    clearInterval(watching)
  }
}
