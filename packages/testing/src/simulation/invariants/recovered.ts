import type { SimulatedCluster } from '../cluster/simulated-cluster.js'
import type { SimulatedJobs } from '../cluster/simulated-jobs.js'
import type { ClusterInvariants } from './cluster-invariants.js'

/** Within this time after the last fault all jobs are well again. Virtual. */
const RECOVERS_WITHIN_MS = 300_000
const POLL_MS = 1_000

export interface RecoveryOptions {
  readonly cluster: SimulatedCluster
  readonly jobs: SimulatedJobs
  readonly invariants: ClusterInvariants
}

/**
 * When faults have ended, whoever does not lead runs no JobMaster any more, and each job that has not
 * ended runs with all its tasks; what is not so in time is a violation.
 */
export async function checkRecovered(options: RecoveryOptions): Promise<void> {
  const { cluster } = options
  const deadlineMs = cluster.nowMs + RECOVERS_WITHIN_MS
  let problems = await problemsOfJobs(options)
  while (problems.length > 0 && cluster.nowMs < deadlineMs) {
    await cluster.advance(POLL_MS)
    problems = await problemsOfJobs(options)
  }
  for (const problem of problems) cluster.world.violated(`after all faults ended ${problem}`)
}

async function problemsOfJobs({ cluster, invariants, jobs }: RecoveryOptions): Promise<string[]> {
  const leader = cluster.world.coordination?.leader
  const problems =
    leader === undefined
      ? []
      : invariants.jobMastersBeside(leader).map((each) => `${each} goes on beside ${leader}`)
  for (const job of jobs.unended) {
    const { status, vertices } = await job.info()
    const states = vertices.flatMap(({ subtasks }) => subtasks.map(({ current }) => current.state))
    if (job.hasEnded || (status === 'RUNNING' && states.every(isWell))) continue
    problems.push(`job ${job.name} is ${status}, its tasks are ${states.join(', ')}`)
  }
  return problems
}

function isWell(state: string): boolean {
  return state === 'RUNNING' || state === 'FINISHED'
}
