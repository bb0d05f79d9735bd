import type { ApplicationStatus, JobStatus } from '../messages/messages.generated.js'
import type { TransitionTable } from './state-machine.js'

/** The states of a job. */
export const JOB_STATUS_TRANSITIONS: TransitionTable<JobStatus> = {
  INITIALIZING: ['CREATED', 'FAILED', 'CANCELLING', 'SUSPENDED'],
  CREATED: ['RUNNING', 'CANCELLING', 'FAILING', 'SUSPENDED'],
  RUNNING: ['FINISHED', 'FAILING', 'CANCELLING', 'RESTARTING', 'SUSPENDED'],
  RESTARTING: ['CREATED', 'RUNNING', 'CANCELLING', 'FAILING', 'SUSPENDED'],
  FAILING: ['FAILED', 'CANCELLING', 'SUSPENDED'],
  CANCELLING: ['CANCELED', 'SUSPENDED'],
  RECONCILING: ['CREATED', 'RUNNING', 'FAILING', 'CANCELLING', 'SUSPENDED'],
  FINISHED: [],
  CANCELED: [],
  FAILED: [],
  SUSPENDED: [],
}

/** The job has ended for every JobManager: FINISHED, CANCELED or FAILED. */
export function isGloballyTerminalJobStatus(status: JobStatus): boolean {
  return status === 'FINISHED' || status === 'CANCELED' || status === 'FAILED'
}

/** The job has ended here: globally terminal, or SUSPENDED (another JobManager may go on with it). */
export function isTerminalJobStatus(status: JobStatus): boolean {
  return JOB_STATUS_TRANSITIONS[status].length === 0
}

/** What a cluster of one job tells its cluster manager when the job ended so. */
export function applicationStatusOf(status: JobStatus): ApplicationStatus {
  if (status === 'FINISHED') return 'SUCCEEDED'
  if (status === 'CANCELED' || status === 'FAILED') return status
  return 'UNKNOWN'
}
