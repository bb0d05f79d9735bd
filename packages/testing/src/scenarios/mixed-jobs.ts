import type { Random } from '@flink-ts/core'
import type { SimulatedCluster } from '../simulation/cluster/simulated-cluster.js'
import { endlessJob } from './endless-job.js'
import { expectFinished, expectStatus } from './expectations.js'
import { cancelForGood, expectRuns, RECOVERY_MS } from './recovery.js'
import { wordCountJob } from './word-count-job.js'

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
  const job = await cluster.submit(endlessJob(parallelism))
  return async () => {
    await expectRuns(cluster, job)
    expectStatus(await cancelForGood(cluster, job), 'CANCELED')
  }
}
