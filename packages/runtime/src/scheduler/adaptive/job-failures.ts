import type { Clock, SerializedError } from '@flink-ts/core'
import type { ExecutionVertex } from '../../executiongraph/execution-vertex.js'
import type { ExceptionEntry } from '../../jobmaster/info/execution-graph-info.js'
import { ExceptionHistory, exceptionEntry } from '../exception-history.js'
import {
  ExecutionFailureHandler,
  type FailureHandlingResult,
} from '../execution-failure-handler.js'
import { RestartAllFailoverStrategy } from '../failover-strategy.js'
import type { RestartStrategy } from '../restart-strategy.js'

/** One failure of a job whose tasks all restart together. */
export interface JobFailure {
  readonly cause: SerializedError
  /** The task that failed; undefined: the job as a whole. */
  readonly vertex: ExecutionVertex | undefined
  /** See `ExecutionFailureHandler.handleTaskFailure`. */
  readonly countsAgainstBudget: boolean
}

/** Remembers the failures of a job, and says what follows from each. */
export class JobFailures {
  readonly #history: ExceptionHistory
  readonly #restartStrategy: RestartStrategy
  readonly #clock: Clock

  constructor(options: { historySize: number; restartStrategy: RestartStrategy; clock: Clock }) {
    this.#history = new ExceptionHistory(options.historySize)
    this.#restartStrategy = options.restartStrategy
    this.#clock = options.clock
  }

  /** For the picture of the job. */
  get annotations(): {
    readonly exceptionHistory: readonly ExceptionEntry[]
    readonly exceptionHistoryTruncated: boolean
  } {
    return {
      exceptionHistory: this.#history.entries,
      exceptionHistoryTruncated: this.#history.truncated,
    }
  }

  /** The running job failed. */
  handle(failure: JobFailure, numberOfTasks: number): FailureHandlingResult {
    const { cause, vertex, countsAgainstBudget } = failure
    const failoverStrategy = new RestartAllFailoverStrategy(numberOfTasks)
    const handler = new ExecutionFailureHandler({
      failoverStrategy,
      restartStrategy: this.#restartStrategy,
      numberOfTasks,
    })
    this.#history.addRoot(this.#entry(cause, vertex), failoverStrategy.tasksToRestart())
    return vertex === undefined
      ? handler.handleGlobalFailure(cause)
      : handler.handleTaskFailure(vertex.index, cause, countsAgainstBudget)
  }

  /** The job ends by this, without having run. */
  addFinal(cause: SerializedError): void {
    this.#history.addRoot(this.#entry(cause, undefined), [])
  }

  /** A task failed that was going down anyway. */
  addConcurrent(cause: SerializedError, vertex: ExecutionVertex): void {
    const entry = this.#entry(cause, vertex)
    if (!this.#history.addConcurrent(entry, vertex.index)) {
      this.#history.addRoot(entry, [vertex.index])
    }
  }

  #entry(cause: SerializedError, vertex: ExecutionVertex | undefined): ExceptionEntry {
    return exceptionEntry(this.#clock.now(), cause, vertex?.current)
  }
}
