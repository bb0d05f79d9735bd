import assert from 'node:assert/strict'
import type { SerializedError } from '@flink-ts/core'
import type { AssignedSlot, Execution } from '../../executiongraph/execution.js'
import type { ExecutionGraph } from '../../executiongraph/execution-graph.js'
import type { ExecutionVertex } from '../../executiongraph/execution-vertex.js'
import type { UpdateTaskExecutionStateRequest } from '../../messages/messages.generated.js'
import type { SchedulerOperations } from '../scheduler.js'
import { assignSlotSharingGroups, type ExecutionSlotSharingGroup } from '../slot-sharing.js'

export interface GraphTasksOptions {
  readonly graph: ExecutionGraph
  readonly operations: Pick<
    SchedulerOperations,
    'deploy' | 'cancelOnTaskManager' | 'executionEnded'
  >
  /** An attempt failed, also while it was being cancelled; it is FAILED already. */
  readonly onTaskFailed: (vertex: ExecutionVertex, cause: SerializedError, counts: boolean) => void
  /** An attempt that was being cancelled was ended by force. */
  readonly onCancelledByForce: (vertex: ExecutionVertex, cause: SerializedError) => void
  /** The last attempt has ended; told once. */
  readonly onAllEnded: () => void
}

/** The tasks of one ExecutionGraph, which all start together and end together. */
export class GraphTasks {
  readonly #options: GraphTasksOptions
  readonly #graph: ExecutionGraph
  #groups: readonly ExecutionSlotSharingGroup[] | undefined
  #ended = 0
  #cancelling = false

  constructor(options: GraphTasksOptions) {
    this.#options = options
    this.#graph = options.graph
  }

  get numberOfTasks(): number {
    return this.#graph.vertices.length
  }

  /** Slots that its groups of subtasks need, one each. */
  get slotsNeeded(): number {
    return this.#sharingGroups.length
  }

  get allEnded(): boolean {
    return this.#ended === this.#graph.vertices.length
  }

  get allFinished(): boolean {
    return this.#graph.allFinished
  }

  /** Deploys every task; `slots` are as many as {@link slotsNeeded} says. */
  deploy(slots: readonly AssignedSlot[]): void {
    for (const { tasks, index } of this.#sharingGroups) {
      const slot = slots[index]
      assert(slot !== undefined, `there is a slot for group ${index} of subtasks`)
      for (const task of tasks) {
        const { current } = this.#graph.vertices[task]!
        current.transitionTo('SCHEDULED')
        current.assignSlot(slot)
        current.transitionTo('DEPLOYING')
      }
    }
    this.#options.operations.deploy(this.#graph.vertices)
  }

  /** See `Scheduler.updateTaskExecutionState`. */
  update({ executionAttemptId, state, error, metrics }: UpdateTaskExecutionStateRequest): boolean {
    const execution = this.#graph.currentExecution(executionAttemptId)
    if (execution === undefined) return false
    if (metrics !== undefined) execution.metrics = metrics
    const ending = state === 'FINISHED' || state === 'CANCELED' || state === 'FAILED'
    if (execution.isTerminal) return ending || execution.state === 'FINISHED'
    if (execution.slot === undefined) return false
    const vertex = this.#graph.vertexOf(execution.attemptId)
    if (state === 'INITIALIZING' && execution.state === 'DEPLOYING') {
      execution.transitionTo('INITIALIZING')
    } else if (state === 'RUNNING' && canRun(execution)) {
      execution.transitionTo('RUNNING')
    } else if (state === 'FAILED' || (ending && execution.state !== 'CANCELING')) {
      if (state === 'FINISHED') {
        // RUNNING may be reported later: calls overtake each other.
        if (canRun(execution)) execution.transitionTo('RUNNING')
        this.#end(vertex, 'FINISHED')
      } else {
        this.#fail(vertex, error ?? unexplained(execution), true)
      }
    } else if (ending) {
      if (error !== undefined) this.#options.onCancelledByForce(vertex, error)
      this.#end(vertex, 'CANCELED')
    }
    return true
  }

  /** See `Scheduler.failTask`. */
  failTask(executionAttemptId: string, cause: SerializedError, counts: boolean): void {
    const execution = this.#graph.currentExecution(executionAttemptId)
    if (execution === undefined || execution.isTerminal) return
    const vertex = this.#graph.vertexOf(execution.attemptId)
    // It was to end anyway, and nothing more will be heard of it.
    if (execution.state === 'CANCELING') this.#end(vertex, 'CANCELED')
    else this.#fail(vertex, cause, counts)
  }

  /** Fails what ran in slots for which `isLost` holds. */
  slotsLost(isLost: (slot: AssignedSlot) => boolean, cause: SerializedError): void {
    for (const { current } of this.#graph.vertices) {
      if (current.slot !== undefined && isLost(current.slot)) {
        this.failTask(current.attemptId, cause, false)
      }
    }
  }

  /** Ends all attempts; those that are not deployed at once. Idempotent. */
  cancelAll(): void {
    if (this.#cancelling) return
    this.#cancelling = true
    for (const vertex of this.#graph.vertices) {
      const { current } = vertex
      if (current.isTerminal || current.state === 'CANCELING') continue
      if (current.state === 'CREATED' || current.state === 'SCHEDULED') {
        this.#end(vertex, 'CANCELED')
      } else {
        current.transitionTo('CANCELING')
        this.#options.operations.cancelOnTaskManager(current)
      }
    }
  }

  get #sharingGroups(): readonly ExecutionSlotSharingGroup[] {
    this.#groups ??= assignSlotSharingGroups(this.#graph)
    return this.#groups
  }

  #fail(vertex: ExecutionVertex, cause: SerializedError, counts: boolean): void {
    const execution = vertex.current
    const wasCanceling = execution.state === 'CANCELING'
    execution.fail(cause)
    // What the TaskManager thinks of it is not known; it must not go on.
    if (!wasCanceling && execution.slot !== undefined) {
      this.#options.operations.cancelOnTaskManager(execution)
    }
    this.#options.operations.executionEnded(vertex)
    this.#ended++
    const isLast = this.allEnded
    this.#options.onTaskFailed(vertex, cause, counts)
    if (isLast) this.#options.onAllEnded()
  }

  #end(vertex: ExecutionVertex, state: 'FINISHED' | 'CANCELED'): void {
    vertex.current.transitionTo(state)
    this.#options.operations.executionEnded(vertex)
    this.#ended++
    if (this.allEnded) this.#options.onAllEnded()
  }
}

function canRun({ state }: Execution): boolean {
  return state === 'DEPLOYING' || state === 'INITIALIZING'
}

function unexplained(execution: Execution): SerializedError {
  return {
    name: 'FlinkException',
    code: 'FLINK_TASK_FAILED',
    message: `Task ${execution.taskName} ended on its TaskManager, which gave no reason and was not asked to end it`,
    retriable: true,
  }
}
