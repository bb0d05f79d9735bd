import type { Random } from '@flink-ts/core'
import type { CheckpointStorage } from './checkpoint-storage.js'
import type { FaultCluster } from './fault-cluster.js'
import type { FaultJob } from './fault-job.js'

/** What faults of one round have at hand. */
export interface RoundContext<C = FaultCluster, J = FaultJob> {
  readonly cluster: C
  readonly job: J
  readonly random: Random
  readonly storage: CheckpointStorage
  /** The parallelism that the next attempt is to have. */
  nextParallelism(): number
  /** A line for the log of the run. */
  note(text: string): void
}

/** What one fault has at hand. */
export interface FaultContext<C = FaultCluster, J = FaultJob> extends RoundContext<C, J> {
  /** The bad thing happens now: from here on the time to recover is counted. Default: the call of `inject`. */
  happens(): void
}

/** Something bad that is done to a running job. */
export interface Fault<C = FaultCluster, J = FaultJob> {
  readonly name: string
  /** How often it is chosen, beside others. */
  readonly weight: number
  /** The tasks must begin anew because of it; without it they may go on. */
  readonly restarts: boolean
  /**
   * Does it, and ends it if it lasts. Not called for a job that has finished; the job may do so meanwhile.
   *
   * @returns false if it could not be done
   */
  inject(context: FaultContext<C, J>): Promise<boolean>
}

/** Waits as long as a fault lasts. */
export function lasting(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
