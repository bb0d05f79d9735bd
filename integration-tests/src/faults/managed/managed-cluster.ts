import type { Fault, FaultContext } from '../fault.js'
import type { HealedCluster } from '../fault-round.js'
import type { ManagedJob } from './managed-job.js'

/** Of each TaskManager. */
export const SLOTS = 2
/** A JobManager's session in ZooKeeper ends, and a bit: its servers look at each tick only. */
export const SESSION_TIMEOUT_MS = 4000
export const AFTER_EXPIRY_MS = 1500
/** In which the next JobManager has found its TaskManagers. */
export const TAKE_OVER_MS = 5000
/** Of what takes long on a busy machine. */
export const SLOW_MS = 120_000

/** A real resource manager, which starts what the clusters of a fault run consist of: one cluster after the other. */
export interface ManagedCluster extends HealedCluster {
  /** Whether processes of a container or task run, whatever the resource manager thinks of it. */
  isRunning(id: string): boolean
  /** SIGKILL to all processes of a container or task; returns when they are gone. */
  kill(id: string): Promise<void>
  /** SIGSTOP to all processes of a container or task, until {@link heal}. */
  pause(id: string): void
  /** How many JobManagers all clusters have had so far. */
  jobManagers(): Promise<number>
  /** What is there of clusters that have ended. */
  leftovers(): Promise<string[]>
  /** Which secrets it tells everybody. */
  secretsShown(): Promise<string[]>
  /** Waits until everything can be used again. */
  untilWell(): Promise<void>
}

export type ManagedFault<C extends ManagedCluster, J extends ManagedJob> = Fault<C, J>
export type ManagedContext<
  C extends ManagedCluster = ManagedCluster,
  J extends ManagedJob = ManagedJob,
> = FaultContext<C, J>

/** TaskManagers that a job's slots need. */
export function neededWorkers({ parallelism }: { readonly parallelism: number }): number {
  return Math.ceil(parallelism / SLOTS)
}

/** @throws Error if one of these TaskManagers has ended, unless the job has finished meanwhile */
export async function noneHasEndedWith(
  whom: string,
  { cluster, job }: ManagedContext,
  workers: readonly string[],
): Promise<void> {
  const lost = workers.filter((id) => !cluster.isRunning(id))
  if (lost.length > 0 && !(await job.isFinished())) {
    throw new Error(`TaskManagers have ended with ${whom}: ${lost.join(', ')}`)
  }
}

export function anyOf<T>({ random }: Pick<ManagedContext, 'random'>, all: readonly T[]): T {
  return all[random.nextInt(all.length)]!
}
