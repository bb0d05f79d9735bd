import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CrashCluster, NOT_REACHED } from './crash-cluster.js'
import { AFTER_ANSWER, type CrashPoint, pointsAt, UNDISTURBED } from './crash-points.js'

const MAX_REPETITIONS = 3

export interface CrashPointsOptions {
  readonly log: (line: string) => void
  readonly signal: AbortSignal
}

/**
 * Has the leader die at each step of a submission and of the end of a job, one after the other.
 *
 * @returns names of points at which something went wrong
 */
export async function runCrashPoints({ log, signal }: CrashPointsOptions): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'flink-ts-crash-points-'))
  const failed: string[] = []
  const cluster = await CrashCluster.start(folder)
  const play = async (point: CrashPoint): Promise<readonly string[]> => {
    if (signal.aborted) return []
    let { steps, wrong } = await cluster.play(point)
    // Not every job takes every step: how many checkpoints are there at its end is a matter of time.
    for (let again = 0; wrong.includes(NOT_REACHED) && again < MAX_REPETITIONS; again++) {
      log(`${point.name}: not reached; again`)
      ;({ steps, wrong } = await cluster.play(point))
    }
    log(`${point.name}: ${wrong.length === 0 ? 'right' : `WRONG: ${wrong.join('; ')}`}`)
    if (wrong.length > 0) failed.push(point.name)
    return steps
  }
  try {
    for (const undisturbed of UNDISTURBED) {
      // The first job of all makes folders and nodes that no later one has to make.
      await play(undisturbed)
      for (const point of pointsAt(undisturbed, await play(undisturbed))) await play(point)
    }
    await play(AFTER_ANSWER)
  } finally {
    await cluster.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return failed
}
