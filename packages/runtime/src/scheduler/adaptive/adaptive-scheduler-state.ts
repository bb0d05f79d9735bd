import type { TransitionTable } from '../../executiongraph/state-machine.js'
import type { JobStatus } from '../../messages/messages.generated.js'

/** What an adaptive scheduler is about; Flink's names. */
export type AdaptiveSchedulerState =
  | 'Created'
  | 'WaitingForResources'
  | 'CreatingExecutionGraph'
  | 'Executing'
  | 'Restarting'
  | 'Failing'
  | 'Canceling'
  | 'Finished'

/** Which states follow each. */
export const ADAPTIVE_SCHEDULER_TRANSITIONS: TransitionTable<AdaptiveSchedulerState> = {
  Created: ['WaitingForResources', 'Finished'],
  WaitingForResources: ['CreatingExecutionGraph', 'Finished'],
  CreatingExecutionGraph: ['Executing', 'WaitingForResources', 'Finished'],
  Executing: ['Restarting', 'Failing', 'Canceling', 'Finished'],
  Restarting: ['WaitingForResources', 'CreatingExecutionGraph', 'Failing', 'Canceling', 'Finished'],
  Failing: ['Canceling', 'Finished'],
  Canceling: ['Finished'],
  Finished: [],
}

/** The status that the job shows in each state; in Finished it shows how it ended. */
export const VISIBLE_JOB_STATUS: Readonly<
  Record<Exclude<AdaptiveSchedulerState, 'Finished'>, JobStatus>
> = {
  Created: 'INITIALIZING',
  WaitingForResources: 'CREATED',
  CreatingExecutionGraph: 'CREATED',
  Executing: 'RUNNING',
  Restarting: 'RESTARTING',
  Failing: 'FAILING',
  Canceling: 'CANCELLING',
}
