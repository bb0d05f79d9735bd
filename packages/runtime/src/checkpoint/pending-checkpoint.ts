import assert from 'node:assert/strict'
import type { CancelTimer, Clock, Logger } from '@flink-ts/core'
import {
  type CheckpointLocation,
  type CheckpointMetadata,
  newHandles,
  type OperatorState,
  type OperatorSubtaskState,
  type StateHandle,
} from '@flink-ts/state'
import { StateMachine, type TransitionTable } from '../executiongraph/state-machine.js'
import type { CheckpointFailureReason } from './checkpoint-failure-reason.js'
import type { CheckpointOperator, CheckpointPlan, CheckpointTask } from './checkpoint-plan.js'
import { isSavepoint } from './checkpoint-properties.js'
import type { CheckpointRequest } from './checkpoint-requests.js'

/**
 * INITIALIZING: its folder is made, the operator coordinators take their snapshots. TRIGGERED: tasks take theirs.
 * FINALIZING: `_metadata` is written. STORING: a pointer is put where the next leader looks; from here on it may be found,
 * so it is not given up any more.
 */
export type PendingCheckpointState =
  | 'INITIALIZING'
  | 'TRIGGERED'
  | 'FINALIZING'
  | 'STORING'
  | 'COMPLETED'
  | 'FAILED'

/** The states of one checkpoint, and which follow each. Savepoints are not stored. */
export const PENDING_CHECKPOINT_TRANSITIONS: TransitionTable<PendingCheckpointState> = {
  INITIALIZING: ['TRIGGERED', 'FAILED'],
  TRIGGERED: ['FINALIZING', 'FAILED'],
  FINALIZING: ['STORING', 'COMPLETED', 'FAILED'],
  STORING: ['COMPLETED', 'FAILED'],
  COMPLETED: [],
  FAILED: [],
}

/** By operator id. */
export type SubtaskState = ReadonlyMap<string, OperatorSubtaskState>

export interface PendingCheckpointOptions {
  readonly jobId: string
  readonly checkpointId: bigint
  readonly timestampMs: number
  readonly plan: CheckpointPlan
  readonly request: CheckpointRequest
  readonly clock: Clock
  readonly log: Logger
}

/** One checkpoint on its way. Knows what has arrived; who is to be told what is the coordinator's affair. */
export class PendingCheckpoint {
  readonly jobId: string
  readonly checkpointId: bigint
  readonly timestampMs: number
  readonly plan: CheckpointPlan
  readonly request: CheckpointRequest
  location: CheckpointLocation | undefined
  cancelTimeout: CancelTimer = () => {}
  readonly #machine: StateMachine<PendingCheckpointState>
  readonly #waitingFor: Map<string, CheckpointTask>
  readonly #acknowledged = new Map<string, { task: CheckpointTask; state: SubtaskState }>()
  #coordinatorStates: ReadonlyMap<string, Uint8Array> = new Map()

  constructor(options: PendingCheckpointOptions) {
    const { jobId, checkpointId, clock, log } = options
    this.jobId = jobId
    this.checkpointId = checkpointId
    this.timestampMs = options.timestampMs
    this.plan = options.plan
    this.request = options.request
    this.#waitingFor = new Map(
      options.plan.tasksToAcknowledge.map((task) => [task.executionAttemptId, task]),
    )
    this.#machine = new StateMachine({
      subject: 'Checkpoint',
      ids: { jobId, checkpointId: `${checkpointId}` },
      table: PENDING_CHECKPOINT_TRANSITIONS,
      initial: 'INITIALIZING',
      clock,
      log,
      // One line for each checkpoint is enough; how it ended is logged by the coordinator.
      level: 'debug',
    })
  }

  get state(): PendingCheckpointState {
    return this.#machine.state
  }

  get isEnded(): boolean {
    return this.state === 'COMPLETED' || this.state === 'FAILED'
  }

  get isSavepoint(): boolean {
    return isSavepoint(this.request.properties)
  }

  get isFullyAcknowledged(): boolean {
    return this.#waitingFor.size === 0
  }

  triggered(coordinatorStates: ReadonlyMap<string, Uint8Array>): void {
    this.#coordinatorStates = coordinatorStates
    this.#machine.transitionTo('TRIGGERED')
  }

  transitionTo(state: 'FINALIZING' | 'STORING' | 'COMPLETED'): void {
    this.#machine.transitionTo(state)
  }

  fail(reason: CheckpointFailureReason, cause: unknown): void {
    this.#machine.transitionTo('FAILED', { reason, ...(cause !== undefined && { error: cause }) })
  }

  /** Whether the attempt takes part. */
  hasTask(executionAttemptId: string): boolean {
    return this.#waitingFor.has(executionAttemptId) || this.#acknowledged.has(executionAttemptId)
  }

  /** Whether the state of this attempt is part of it. */
  hasAcknowledged(executionAttemptId: string): boolean {
    return this.#acknowledged.has(executionAttemptId)
  }

  /** Attempts whose state has come. */
  get acknowledged(): Iterable<string> {
    return this.#acknowledged.keys()
  }

  /** It has ended: state, which may be large, is not needed any more. */
  release(): void {
    this.#acknowledged.clear()
    this.#coordinatorStates = new Map()
  }

  /** @returns false: it is not waited for, or has acknowledged before; nothing has changed */
  acknowledge(executionAttemptId: string, state: SubtaskState): boolean {
    assert(this.state === 'TRIGGERED', `checkpoint ${this.checkpointId} takes no state now`)
    const task = this.#waitingFor.get(executionAttemptId)
    if (task === undefined) return false
    this.#waitingFor.delete(executionAttemptId)
    this.#acknowledged.set(executionAttemptId, { task, state })
    return true
  }

  /** Everything that tasks have written for it. */
  handles(): StateHandle[] {
    return [...this.#acknowledged.values()].flatMap(({ state }) =>
      [...state.values()].flatMap(newHandles),
    )
  }

  toMetadata(): CheckpointMetadata {
    const operators = new Map<
      string,
      OperatorState & { subtasks: Map<number, OperatorSubtaskState> }
    >()
    const add = (
      task: CheckpointTask,
      operator: CheckpointOperator,
      state: OperatorSubtaskState,
    ) => {
      const { operatorId } = operator
      const { parallelism, maxParallelism, subtaskIndex } = task
      const coordinatorState = this.#coordinatorStates.get(operatorId)
      const known = operators.get(operatorId) ?? {
        ...operator,
        parallelism,
        maxParallelism,
        ...(coordinatorState && { coordinatorState }),
        subtasks: new Map<number, OperatorSubtaskState>(),
      }
      operators.set(operatorId, known)
      known.subtasks.set(subtaskIndex, state)
    }
    for (const task of this.plan.finishedTasks) {
      for (const operator of task.operators) add(task, operator, { finished: true })
    }
    for (const { task, state } of this.#acknowledged.values()) {
      for (const operator of task.operators)
        add(task, operator, state.get(operator.operatorId) ?? {})
    }
    return {
      jobId: this.jobId,
      checkpointId: this.checkpointId,
      timestampMs: this.timestampMs,
      kind: this.isSavepoint ? 'SAVEPOINT' : 'CHECKPOINT',
      operators: [...operators.values()],
    }
  }
}
