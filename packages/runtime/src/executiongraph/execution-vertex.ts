import assert from 'node:assert/strict'
import type { SubtaskInfo } from '../jobmaster/info/execution-graph-info.js'
import type { Execution } from './execution.js'
import type { ExecutionJobVertex } from './execution-job-vertex.js'

/** One subtask of a vertex: its current attempt and those before. */
export class ExecutionVertex {
  readonly jobVertex: ExecutionJobVertex
  readonly subtaskIndex: number
  /** Place among all subtasks of the job, in topological order. */
  readonly index: number
  readonly #newExecution: (attemptNumber: number) => Execution
  readonly #historySize: number
  #current: Execution
  #history: Execution[] = []

  constructor(options: {
    jobVertex: ExecutionJobVertex
    subtaskIndex: number
    index: number
    historySize: number
    firstAttemptNumber: number
    newExecution: (attemptNumber: number) => Execution
  }) {
    this.jobVertex = options.jobVertex
    this.subtaskIndex = options.subtaskIndex
    this.index = options.index
    this.#historySize = options.historySize
    this.#newExecution = options.newExecution
    this.#current = options.newExecution(options.firstAttemptNumber)
  }

  get current(): Execution {
    return this.#current
  }

  /** Ended attempts, oldest first, as many as `jobmanager.execution.attempts-history-size` says. */
  get history(): readonly Execution[] {
    return this.#history
  }

  /**
   * Begins a new attempt.
   *
   * @throws AssertionError if the current one has not ended.
   */
  reset(): Execution {
    const ended = this.#current
    assert(ended.isTerminal, `attempt ${ended.attemptId} has ended before the next one`)
    this.#history.push(ended)
    if (this.#history.length > this.#historySize) this.#history.shift()
    this.#current = this.#newExecution(ended.attemptNumber + 1)
    return this.#current
  }

  toInfo(): SubtaskInfo {
    return {
      subtaskIndex: this.subtaskIndex,
      current: this.#current.toInfo(),
      history: this.#history.map((execution) => execution.toInfo()),
    }
  }
}
