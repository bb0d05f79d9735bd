import {
  type AllocationId,
  type Clock,
  type ExecutionAttemptId,
  executionAttemptId,
  type JobVertexId,
  type Logger,
  type SerializedError,
} from '@flink-ts/core'
import type { AttemptInfo } from '../jobmaster/info/execution-graph-info.js'
import type {
  ExecutionState,
  TaskManagerLocation,
  TaskMetrics,
} from '../messages/messages.generated.js'
import { EXECUTION_STATE_TRANSITIONS, isTerminalExecutionState } from './execution-state.js'
import { StateMachine } from './state-machine.js'

/** The slot that an attempt runs in. */
export interface AssignedSlot {
  readonly allocationId: AllocationId
  readonly location: TaskManagerLocation
}

/** One attempt to run one subtask. */
export class Execution {
  readonly attemptId: ExecutionAttemptId
  /** First part of `attemptId`. */
  readonly executionGraphId: string
  readonly attemptNumber: number
  readonly vertexId: JobVertexId
  readonly subtaskIndex: number
  /** For messages, such as `tokenize (2/4)`. */
  readonly taskName: string
  readonly #state: StateMachine<ExecutionState>
  #slot: AssignedSlot | undefined
  #failure: SerializedError | undefined
  /** What the task has measured, as last reported. */
  metrics: TaskMetrics | undefined

  constructor(options: {
    executionGraphId: string
    vertexId: JobVertexId
    subtaskIndex: number
    attemptNumber: number
    taskName: string
    clock: Clock
    log: Logger
  }) {
    this.attemptId = executionAttemptId(options)
    this.executionGraphId = options.executionGraphId
    this.attemptNumber = options.attemptNumber
    this.vertexId = options.vertexId
    this.subtaskIndex = options.subtaskIndex
    this.taskName = options.taskName
    this.#state = new StateMachine({
      subject: 'Task',
      ids: { executionAttemptId: this.attemptId, task: this.taskName },
      table: EXECUTION_STATE_TRANSITIONS,
      initial: 'CREATED',
      clock: options.clock,
      log: options.log,
    })
  }

  get state(): ExecutionState {
    return this.#state.state
  }

  get isTerminal(): boolean {
    return isTerminalExecutionState(this.state)
  }

  /** When each state was entered, ms since the epoch; 0: never. */
  get timestamps(): Readonly<Record<ExecutionState, number>> {
    return this.#state.timestamps
  }

  /** Kept after the end: where the attempt ran. */
  get slot(): AssignedSlot | undefined {
    return this.#slot
  }

  get failure(): SerializedError | undefined {
    return this.#failure
  }

  assignSlot(slot: AssignedSlot): void {
    this.#slot = slot
  }

  /** @throws AssertionError if the state does not allow it. */
  transitionTo(next: ExecutionState): void {
    this.#state.transitionTo(next)
  }

  /** @throws AssertionError if the attempt has ended. */
  fail(cause: SerializedError): void {
    this.#state.transitionTo('FAILED', { cause: `${cause.name}: ${cause.message}` })
    this.#failure = cause
  }

  toInfo(): AttemptInfo {
    return {
      executionAttemptId: this.attemptId,
      attemptNumber: this.attemptNumber,
      state: this.state,
      timestamps: { ...this.timestamps },
      ...(this.#slot === undefined ? {} : { location: this.#slot.location }),
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
      ...(this.metrics === undefined ? {} : { metrics: this.metrics }),
    }
  }
}
