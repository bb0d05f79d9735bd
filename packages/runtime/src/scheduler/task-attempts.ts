import type { SerializedError } from '@flink-ts/core'
import type { Execution } from '../executiongraph/execution.js'
import type { ExecutionGraph } from '../executiongraph/execution-graph.js'
import type { ExecutionVertex } from '../executiongraph/execution-vertex.js'
import type { UpdateTaskExecutionStateRequest } from '../messages/messages.generated.js'
import type { SchedulerOperations } from './scheduler.js'

/** Why an attempt failed, and in which circumstances. */
export interface AttemptFailure {
  readonly cause: SerializedError
  /** See `Scheduler.failTask`. */
  readonly countsAgainstBudget: boolean
  /** It was to end anyway. */
  readonly wasCanceling: boolean
}

export interface TaskAttemptsOptions {
  readonly graph: ExecutionGraph
  readonly operations: Pick<SchedulerOperations, 'cancelOnTaskManager'>
  /** The current attempt is FINISHED or CANCELED now. */
  readonly onEnded: (vertex: ExecutionVertex) => void
  /** The current attempt is FAILED now. */
  readonly onFailed: (vertex: ExecutionVertex, failure: AttemptFailure) => void
  /** An attempt that was being cancelled had to be ended by force; told before `onEnded`. */
  readonly onCancelledByForce: (vertex: ExecutionVertex, cause: SerializedError) => void
}

/**
 * Takes the current attempts of a job's tasks from state to state: as TaskManagers report, as failures are
 * found out here, and as the scheduler cancels them.
 */
export class TaskAttempts {
  readonly #options: TaskAttemptsOptions
  readonly #graph: ExecutionGraph

  constructor(options: TaskAttemptsOptions) {
    this.#options = options
    this.#graph = options.graph
  }

  /** See `Scheduler.updateTaskExecutionState`. */
  update({ executionAttemptId, state, error, metrics }: UpdateTaskExecutionStateRequest): boolean {
    const execution = this.#graph.currentExecution(executionAttemptId)
    if (execution === undefined) return false
    if (metrics !== undefined) execution.metrics = metrics
    const ending = state === 'FINISHED' || state === 'CANCELED' || state === 'FAILED'
    if (execution.isTerminal) return ending || execution.state === 'FINISHED'
    if (execution.slot === undefined) return false
    if (state === 'INITIALIZING') {
      if (execution.state === 'DEPLOYING') execution.transitionTo('INITIALIZING')
    } else if (state === 'RUNNING') {
      if (canRun(execution)) execution.transitionTo('RUNNING')
    } else if (ending) {
      this.#endReported(this.#graph.vertexOf(execution.attemptId), state, error)
    }
    return true
  }

  /** See `Scheduler.failTask`. */
  failTask(executionAttemptId: string, cause: SerializedError, countsAgainstBudget: boolean): void {
    const execution = this.#graph.currentExecution(executionAttemptId)
    if (execution === undefined || execution.isTerminal) return
    const vertex = this.#graph.vertexOf(execution.attemptId)
    // It was to end anyway, and nothing more will be heard of it.
    if (execution.state === 'CANCELING') this.#end(vertex, 'CANCELED')
    else this.fail(vertex, cause, countsAgainstBudget)
  }

  /** Fails the current attempt, which has not ended. */
  fail(vertex: ExecutionVertex, cause: SerializedError, countsAgainstBudget: boolean): void {
    const execution = vertex.current
    const wasCanceling = execution.state === 'CANCELING'
    execution.fail(cause)
    // What the TaskManager thinks of it is not known; it must not go on.
    if (!wasCanceling && execution.slot !== undefined) {
      this.#options.operations.cancelOnTaskManager(execution)
    }
    this.#options.onFailed(vertex, { cause, countsAgainstBudget, wasCanceling })
  }

  /** Begins to end the current attempt; one that is not deployed has ended at once. Idempotent. */
  cancel(vertex: ExecutionVertex): void {
    const execution = vertex.current
    if (execution.isTerminal || execution.state === 'CANCELING') return
    if (execution.state === 'CREATED' || execution.state === 'SCHEDULED') {
      this.#end(vertex, 'CANCELED')
      return
    }
    execution.transitionTo('CANCELING')
    this.#options.operations.cancelOnTaskManager(execution)
  }

  #endReported(
    vertex: ExecutionVertex,
    state: 'FINISHED' | 'CANCELED' | 'FAILED',
    error: SerializedError | undefined,
  ): void {
    const execution = vertex.current
    if (execution.state === 'CANCELING' && state !== 'FAILED') {
      if (error !== undefined) this.#options.onCancelledByForce(vertex, error)
      this.#end(vertex, 'CANCELED')
    } else if (state === 'FINISHED') {
      // RUNNING may be reported later: calls overtake each other.
      if (canRun(execution)) execution.transitionTo('RUNNING')
      this.#end(vertex, 'FINISHED')
    } else {
      this.fail(vertex, error ?? unexplained(execution), true)
    }
  }

  #end(vertex: ExecutionVertex, state: 'FINISHED' | 'CANCELED'): void {
    vertex.current.transitionTo(state)
    this.#options.onEnded(vertex)
  }
}

/** Whether RUNNING may be the next state. */
function canRun({ state }: Execution): boolean {
  return state === 'DEPLOYING' || state === 'INITIALIZING'
}

/** Why an attempt failed whose TaskManager told no reason. */
function unexplained(execution: Execution): SerializedError {
  return {
    name: 'FlinkException',
    code: 'FLINK_TASK_FAILED',
    message: `Task ${execution.taskName} ended on its TaskManager, which gave no reason and was not asked to end it`,
    retriable: true,
  }
}
