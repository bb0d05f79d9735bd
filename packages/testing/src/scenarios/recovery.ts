import assert from 'node:assert/strict'
import type { ExecutionGraphInfo } from '@flink-ts/runtime'
import type { SimulatedCluster } from '../simulation/cluster/simulated-cluster.js'
import type { SimulatedJob } from '../simulation/cluster/simulated-job.js'
import { SimulationTimeoutError } from '../simulation/cluster/simulation-timeout-error.js'

/** When faults stop, jobs are well again within this time. Virtual milliseconds. */
export const RECOVERY_MS = 300_000

const ASK_AGAIN_MS = 30_000

/** @throws AssertionError unless all tasks of the job run within bounded time */
export async function expectRuns(cluster: SimulatedCluster, job: SimulatedJob): Promise<void> {
  const deadlineMs = cluster.nowMs + RECOVERY_MS
  for (;;) {
    const { status, vertices } = await job.info()
    const states = vertices.flatMap(({ subtasks }) => subtasks.map(({ current }) => current.state))
    if (status === 'RUNNING' && states.every((state) => state === 'RUNNING')) return
    const found = `job ${job.name} is ${status}, its tasks are ${states.join(', ')}`
    assert(cluster.nowMs < deadlineMs, `all tasks of an endless job run, but ${found}`)
    await cluster.advance(1_000)
  }
}

/** For what is worth an attempt only. */
export async function ignoreTimeout(attempt: Promise<void>): Promise<void> {
  try {
    await attempt
  } catch (error) {
    if (!(error instanceof SimulationTimeoutError)) throw error
  }
}

/** Cancels the job, however often it takes. @throws SimulationTimeoutError if it does not end in bounded time */
export function cancelForGood(
  cluster: SimulatedCluster,
  job: SimulatedJob,
): Promise<ExecutionGraphInfo> {
  return askUntilEnd(cluster, job, () => job.cancel())
}

/**
 * Asks for the end of a job until it has ended: a leader that has just lost its leadership may take the
 * request, and its successor knows nothing of it; nor does a job that is restarted meanwhile.
 *
 * @throws SimulationTimeoutError if it does not end in bounded time
 */
export async function askUntilEnd(
  cluster: SimulatedCluster,
  job: SimulatedJob,
  ask: () => Promise<void>,
): Promise<ExecutionGraphInfo> {
  const deadlineMs = cluster.nowMs + RECOVERY_MS
  while (!job.hasEnded && cluster.nowMs < deadlineMs) {
    try {
      await ask()
    } catch (error) {
      // It has ended before the request came.
      if (!job.hasEnded) throw error
    }
    const retryAtMs = cluster.nowMs + ASK_AGAIN_MS
    while (!job.hasEnded && cluster.nowMs < retryAtMs) await cluster.advance(1_000)
  }
  return job.end(0)
}
