import type { AllocationId, SerializedError } from '@flink-ts/core'
import type { Execution } from '../executiongraph/execution.js'
import type { ExecutionGraph } from '../executiongraph/execution-graph.js'
import type { ExecutionVertex } from '../executiongraph/execution-vertex.js'
import type { ExecutionGraphInfo } from '../jobmaster/info/execution-graph-info.js'
import type { JobStatus, UpdateTaskExecutionStateRequest } from '../messages/messages.generated.js'
import type { JobResourceRequirements } from './adaptive/parallelism-bounds.js'
import type { ConsumedResult } from './blocking-results.js'

/**
 * Runs the tasks of one job (Flink's SchedulerNG). Synchronous; everything runs in the JobMaster's
 * main thread.
 *
 * A scheduler may put another ExecutionGraph in the place of its first one at any time, as an adaptive
 * scheduler does whenever the parallelism changes. So nobody keeps the graph: whoever needs it asks for the
 * current one, and {@link SchedulerOperations.graphReplaced} tells those who keep something per subtask.
 *
 * Attempts of a subtask follow each other: `ExecutionVertex.current` is the only one that counts. A scheduler
 * that starts speculative attempts would keep the others beside it and make the first that finishes the
 * current one; reports reach it through {@link updateTaskExecutionState} with the attempt's own id, so that
 * this interface need not change.
 */
export interface Scheduler {
  /** Flink's name of it, as REST shows it: `Default`, `Adaptive` or `AdaptiveBatch`. */
  readonly type: SchedulerType
  /** The current graph; another object after {@link SchedulerOperations.graphReplaced}. */
  readonly executionGraph: ExecutionGraph
  readonly jobStatus: JobStatus
  /** A picture of the job as it stands. */
  requestJob(): ExecutionGraphInfo
  /** All that comes before the first task has been done: INITIALIZING to CREATED. */
  initialized(): void
  /** The job cannot be initialised: INITIALIZING to FAILED. */
  initializationFailed(cause: SerializedError): void
  startScheduling(): void
  /**
   * A TaskManager says how an attempt stands. Reports may come twice and in any order.
   *
   * @returns false if the attempt is not expected to run: the TaskManager must end it
   */
  updateTaskExecutionState(update: UpdateTaskExecutionStateRequest): boolean
  /**
   * The attempt failed here: it could not be deployed, or does not run where it should. Ignored if it ended
   * before.
   *
   * @param countsAgainstBudget false: for want of a live TaskManager; uses up none of the job's restarts
   */
  failTask(executionAttemptId: string, cause: SerializedError, countsAgainstBudget?: boolean): void
  /** Something that all tasks depend on failed. */
  failGlobally(cause: SerializedError): void
  /**
   * The slots are gone, and with them what ran in them and the results that lie there.
   *
   * @param resourceId the TaskManager that is gone; undefined: it is there, but has not these slots
   */
  slotsLost(
    allocationIds: readonly AllocationId[],
    resourceId: string | undefined,
    cause: SerializedError,
  ): void
  /** The TaskManager has answered after {@link SchedulerOperations.askTaskManager}. */
  taskManagerAlive(resourceId: string): void
  /** The bounds of the parallelism; only with a scheduler that can change it while the job runs. */
  readonly requirements?: JobResourceRequirements
  /**
   * Changes those bounds; the job is rescaled later, as slots allow.
   *
   * @throws InvalidResourceRequirementsError; nothing has changed then
   */
  updateRequirements?(requirements: JobResourceRequirements): void
  /** CANCELLING and, when all tasks have ended, CANCELED. Nothing happens in a terminal state. */
  cancel(): void
  /** This JobManager does not go on with the job; its tasks are left to the TaskManagers. */
  suspend(cause: SerializedError): void
}

/** Flink's names of its schedulers. */
export type SchedulerType = 'Default' | 'Adaptive' | 'AdaptiveBatch'

/** What a scheduler has others do. */
export interface SchedulerOperations {
  /** Sends attempts, all DEPLOYING with their slots, to their TaskManagers. */
  deploy(vertices: readonly ExecutionVertex[]): void
  /** Has the TaskManager end an attempt that is CANCELING (or FAILED here, whatever it does there). */
  cancelOnTaskManager(execution: Execution): void
  /** The attempt has ended: nothing more comes from it. */
  executionEnded(vertex: ExecutionVertex): void
  /**
   * Tasks that have ended are to begin new attempts: what they begin with is fixed now.
   *
   * @param proceed they may begin; called in this turn or a later one, or never: then {@link Scheduler.failGlobally} follows
   */
  prepareRestart(proceed: () => void): void
  /** These subtasks begin new attempts; the operator coordinators must follow. */
  subtasksReset(vertices: readonly ExecutionVertex[]): void
  /** These results of finished attempts will not be read any more. */
  resultsConsumed(results: ConsumedResult): void
  /**
   * Finds out whether a TaskManager is there: {@link Scheduler.taskManagerAlive} or {@link Scheduler.slotsLost}
   * follows, both in a later turn.
   */
  askTaskManager(resourceId: string): void
  /** The scheduler has another graph; all attempts of the one before have ended. */
  graphReplaced(): void
  /** The job has ended, for good or for this JobManager. */
  jobTerminated(status: JobStatus): void
}
