import assert from 'node:assert/strict'
import type { SerializedError } from '@flink-ts/core'
import type { AssignedSlot } from '../../executiongraph/execution.js'
import type { ExecutionGraph } from '../../executiongraph/execution-graph.js'
import type { ExecutionVertex } from '../../executiongraph/execution-vertex.js'
import type { UpdateTaskExecutionStateRequest } from '../../messages/messages.generated.js'
import type { SchedulerOperations } from '../scheduler.js'
import { assignSlotSharingGroups, type ExecutionSlotSharingGroup } from '../slot-sharing.js'
import { type AttemptFailure, TaskAttempts } from '../task-attempts.js'

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
  readonly #attempts: TaskAttempts
  #groups: readonly ExecutionSlotSharingGroup[] | undefined
  #ended = 0
  #cancelling = false

  constructor(options: GraphTasksOptions) {
    this.#options = options
    this.#graph = options.graph
    this.#attempts = new TaskAttempts({
      ...options,
      onEnded: (vertex) => this.#onEnded(vertex),
      onFailed: (vertex, failure) => this.#onFailed(vertex, failure),
    })
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
  update(update: UpdateTaskExecutionStateRequest): boolean {
    return this.#attempts.update(update)
  }

  /** See `Scheduler.failTask`. */
  failTask(executionAttemptId: string, cause: SerializedError, counts: boolean): void {
    this.#attempts.failTask(executionAttemptId, cause, counts)
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
    for (const vertex of this.#graph.vertices) this.#attempts.cancel(vertex)
  }

  get #sharingGroups(): readonly ExecutionSlotSharingGroup[] {
    this.#groups ??= assignSlotSharingGroups(this.#graph)
    return this.#groups
  }

  #onFailed(vertex: ExecutionVertex, { cause, countsAgainstBudget }: AttemptFailure): void {
    this.#countEnd(vertex)
    const isLast = this.allEnded
    this.#options.onTaskFailed(vertex, cause, countsAgainstBudget)
    if (isLast) this.#options.onAllEnded()
  }

  #onEnded(vertex: ExecutionVertex): void {
    this.#countEnd(vertex)
    if (this.allEnded) this.#options.onAllEnded()
  }

  #countEnd(vertex: ExecutionVertex): void {
    this.#options.operations.executionEnded(vertex)
    this.#ended++
  }
}
