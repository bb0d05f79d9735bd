import assert from 'node:assert/strict'
import type { Random } from '@flink-ts/core'
import type { SimulatedCluster } from '../simulation/cluster/simulated-cluster.js'
import type { SimulatedJob } from '../simulation/cluster/simulated-job.js'
import { expectFinished, expectStatus } from './expectations.js'
import { wordCountJob } from './word-count-job.js'

/** When faults stop, jobs are well again within this time. Virtual milliseconds. */
const RECOVERY_MS = 300_000

/** Jobs with an end, whose output is checked, and jobs without. */
export interface MixedJobs {
  /**
   * To be called when all faults have ended: each job with an end finishes with the right output, each
   * one without runs, and then ends when it is cancelled, within bounded time.
   */
  expectRecovery(): Promise<void>
}

/** Submits one to three jobs. Any of their subtasks may wait for slots of others for a while. */
export async function submitMixedJobs(
  cluster: SimulatedCluster,
  random: Random,
): Promise<MixedJobs> {
  const checks: (() => Promise<void>)[] = []
  const count = 1 + random.nextInt(3)
  for (let i = 0; i < count; i++) {
    const parallelism = 1 + random.nextInt(2)
    const job =
      random.next() < 0.7
        ? await submitBounded(cluster, random, { parallelism, output: `/out-${i}` })
        : await submitEndless(cluster, parallelism)
    checks.push(job)
    await cluster.advance(random.next() * 200)
  }
  return {
    async expectRecovery() {
      for (const check of checks) await check()
    },
  }
}

async function submitBounded(
  cluster: SimulatedCluster,
  random: Random,
  options: { parallelism: number; output: string },
): Promise<() => Promise<void>> {
  const { program, check } = await wordCountJob(cluster, random, { ...options, lines: 200 })
  const job = await cluster.submit(program)
  return async () => {
    expectFinished(await job.end(RECOVERY_MS))
    await check(cluster)
  }
}

async function submitEndless(
  cluster: SimulatedCluster,
  parallelism: number,
): Promise<() => Promise<void>> {
  const job = await cluster.submit((env) => {
    env.setParallelism(parallelism)
    env
      .fromSequence(0, 1e12)
      .rebalance()
      .filter((n) => n < 0)
      .print()
    return env.execute('endless')
  })
  return async () => {
    await expectRuns(cluster, job)
    expectStatus(await cancelForGood(cluster, job), 'CANCELED')
  }
}

/** A leader that has just lost its leadership may take the request, and its successor knows nothing of it. */
async function cancelForGood(cluster: SimulatedCluster, job: SimulatedJob) {
  const deadlineMs = cluster.nowMs + RECOVERY_MS
  while (!job.hasEnded && cluster.nowMs < deadlineMs) {
    await job.cancel()
    const retryAtMs = cluster.nowMs + 30_000
    while (!job.hasEnded && cluster.nowMs < retryAtMs) await cluster.advance(1_000)
  }
  return job.end(0)
}

/** @throws AssertionError unless all tasks of the job run within bounded time */
async function expectRuns(cluster: SimulatedCluster, job: SimulatedJob): Promise<void> {
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
