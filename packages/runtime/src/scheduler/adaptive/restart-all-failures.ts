import type { Clock, SerializedError } from '@flink-ts/core'
import type { ExecutionGraph } from '../../executiongraph/execution-graph.js'
import type { ExecutionVertex } from '../../executiongraph/execution-vertex.js'
import type { ExceptionEntry } from '../../jobmaster/info/execution-graph-info.js'
import { dataConsumptionFailure } from '../data-consumption-failure.js'
import { ExceptionHistory, exceptionEntry } from '../exception-history.js'
import {
  ExecutionFailureHandler,
  type FailureHandlingResult,
} from '../execution-failure-handler.js'
import { RestartAllFailoverStrategy } from '../failover-strategy.js'
import type { RestartStrategy } from '../restart-strategy.js'
import { UnprovenFailures } from '../unproven-failures.js'

/** One failure of a job whose tasks all restart together. */
export interface RestartAllFailure {
  readonly cause: SerializedError
  /** The task that failed; undefined: the job as a whole. */
  readonly vertex: ExecutionVertex | undefined
  /** See `ExecutionFailureHandler.handleTaskFailure`. */
  readonly countsAgainstBudget: boolean
}

export interface RestartAllFailuresOptions {
  /** The current one. */
  readonly graph: () => ExecutionGraph
  readonly restartStrategy: RestartStrategy
  readonly exceptionHistorySize: number
  readonly clock: Clock
  /** See `SchedulerOperations.askTaskManager`. */
  readonly askTaskManager: (resourceId: string) => void
}

/** Remembers the failures of a job, and says what follows from each. */
export class RestartAllFailures {
  readonly #history: ExceptionHistory
  readonly #options: RestartAllFailuresOptions
  readonly #unproven: UnprovenFailures

  constructor(options: RestartAllFailuresOptions) {
    this.#options = options
    this.#history = new ExceptionHistory(options.exceptionHistorySize)
    this.#unproven = new UnprovenFailures(options.askTaskManager)
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
  handle({ cause, vertex, countsAgainstBudget }: RestartAllFailure): FailureHandlingResult {
    this.#history.addRoot(this.#entry(cause, vertex), this.#allTasks)
    if (vertex === undefined) return this.#handler.handleGlobalFailure(cause)
    const counts = !this.#explainedByLoss(vertex, cause) && countsAgainstBudget
    return this.#handler.handleTaskFailure(vertex.index, cause, counts)
  }

  /** The TaskManager is gone. */
  taskManagerLost(resourceId: string): void {
    this.#unproven.lost(resourceId)
  }

  /** The TaskManager has answered. @returns why the job must end; undefined: it may go on */
  taskManagerAlive(resourceId: string): SerializedError | undefined {
    const error = this.#unproven.alive(resourceId)
    return error === undefined ? undefined : this.#handler.countAfterwards(error)
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
    return exceptionEntry(this.#options.clock.now(), cause, vertex?.current)
  }

  get #allTasks(): number[] {
    return this.#failoverStrategy.tasksToRestart()
  }

  get #failoverStrategy(): RestartAllFailoverStrategy {
    return new RestartAllFailoverStrategy(this.#options.graph().vertices.length)
  }

  /** For the graph as it is now. */
  get #handler(): ExecutionFailureHandler {
    return new ExecutionFailureHandler({
      failoverStrategy: this.#failoverStrategy,
      restartStrategy: this.#options.restartStrategy,
      numberOfTasks: this.#options.graph().vertices.length,
      // Fewer slots are fewer subtasks, as more are more: no restart that the strategy would have to allow.
      outlivesLosses: true,
    })
  }

  /** @returns whether the failure does not count (yet): the loss of another TaskManager would explain it */
  #explainedByLoss({ current }: ExecutionVertex, cause: SerializedError): boolean {
    const failure = dataConsumptionFailure(this.#options.graph(), cause)
    const resourceId = failure?.producer.slot?.location.resourceId
    if (resourceId === undefined || resourceId === current.slot?.location.resourceId) return false
    this.#unproven.add(resourceId, cause)
    return true
  }
}
