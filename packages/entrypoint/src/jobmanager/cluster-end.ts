import { type Configuration, isHighlyAvailable } from '@flink-ts/core'
import type { ApplicationStatus } from '@flink-ts/runtime'

/**
 * Exit code of a process whose cluster has ended, Flink's own. The system keeps the lowest 8 bits only: 1443 becomes
 * 163, and 1445 becomes 165.
 */
export const EXIT_CODES: Readonly<Record<ApplicationStatus, number>> = {
  SUCCEEDED: 0,
  CANCELED: 0,
  FAILED: 1443,
  UNKNOWN: 1445,
}

/** How a cluster comes to its end. */
export interface ClusterEnd {
  /** Undefined: another JobManager may go on, the cluster manager is told nothing. */
  readonly status: ApplicationStatus | undefined
  readonly diagnostics: string
}

/** The end of a cluster whose JobManager was told to stop from outside, such as by SIGTERM. */
export function stoppedFromOutside(configuration: Configuration): ClusterEnd {
  return {
    status: isHighlyAvailable(configuration) ? undefined : 'UNKNOWN',
    diagnostics: 'the JobManager was stopped from outside',
  }
}

/** The end of a process that could not begin its work: another JobManager, or the next attempt, may. */
export function startFailed(configuration: Configuration, diagnostics: string): ClusterEnd {
  return { status: isHighlyAvailable(configuration) ? undefined : 'FAILED', diagnostics }
}
