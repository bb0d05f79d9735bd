import type { Clock, SerializedError } from '@flink-ts/core'
import type { ExecutionGraph } from '../executiongraph/execution-graph.js'
import type { ExecutionVertex } from '../executiongraph/execution-vertex.js'
import type { ExceptionEntry } from '../jobmaster/info/execution-graph-info.js'
import { BlockingResults } from './blocking-results.js'
import { dataConsumptionFailure } from './data-consumption-failure.js'
import { ExceptionHistory, exceptionEntry } from './exception-history.js'
import { ExecutionFailureHandler, type FailureHandlingResult } from './execution-failure-handler.js'
import {
  type FailoverStrategy,
  RestartAllFailoverStrategy,
  RestartPipelinedRegionFailoverStrategy,
} from './failover-strategy.js'
import type { PipelinedRegions } from './pipelined-regions.js'
import type { RestartStrategy } from './restart-strategy.js'
import { UnprovenFailures } from './unproven-failures.js'

export interface JobFailuresOptions {
  readonly graph: ExecutionGraph
  readonly regions: PipelinedRegions
  readonly restartStrategy: RestartStrategy
  readonly failoverStrategy: 'region' | 'full'
  readonly exceptionHistorySize: number
  readonly clock: Clock
  /** See `SchedulerOperations.askTaskManager`. */
  readonly askTaskManager: (resourceId: string) => void
}

/** A failure that the job must answer. */
export interface JobFailure {
  readonly entry: ExceptionEntry
  readonly result: FailureHandlingResult
}

/** What has failed in a job: says what follows from it, whether it counts, and remembers it. */
export class JobFailures {
  readonly results: BlockingResults
  readonly history: ExceptionHistory
  readonly #options: JobFailuresOptions
  readonly #handler: ExecutionFailureHandler
  readonly #unproven: UnprovenFailures
  /** Attempts whose results could not be read once. */
  readonly #unreachable = new Set<string>()

  constructor(options: JobFailuresOptions) {
    this.#options = options
    this.results = new BlockingResults(options.graph)
    this.history = new ExceptionHistory(options.exceptionHistorySize)
    this.#unproven = new UnprovenFailures(options.askTaskManager)
    this.#handler = new ExecutionFailureHandler({
      failoverStrategy: createFailoverStrategy(options, this.results),
      restartStrategy: options.restartStrategy,
      numberOfTasks: options.graph.vertices.length,
    })
  }

  /** @param vertex absent: the job failed as a whole */
  entry(cause: SerializedError, vertex?: ExecutionVertex): ExceptionEntry {
    return exceptionEntry(this.#options.clock.now(), cause, vertex?.current)
  }

  /** @param countsAgainstBudget see `Scheduler.failTask` */
  ofTask(
    vertex: ExecutionVertex,
    cause: SerializedError,
    countsAgainstBudget: boolean,
  ): JobFailure {
    const counts = !this.#explainedByLoss(vertex, cause) && countsAgainstBudget
    const result = this.#handler.handleTaskFailure(vertex.index, cause, counts)
    return { entry: this.entry(cause, vertex), result }
  }

  ofJob(cause: SerializedError): JobFailure {
    return { entry: this.entry(cause), result: this.#handler.handleGlobalFailure(cause) }
  }

  /** The TaskManager is gone, and with it the results of what ran there. */
  taskManagerLost(resourceId: string, ranThere: readonly ExecutionVertex[]): void {
    this.#unproven.lost(resourceId)
    for (const vertex of ranThere) this.results.lost(vertex)
  }

  /** The TaskManager has answered. @returns why the job must end; undefined: it may go on */
  taskManagerAlive(resourceId: string): SerializedError | undefined {
    const error = this.#unproven.alive(resourceId)
    return error === undefined ? undefined : this.#handler.countAfterwards(error)
  }

  /** No failure, but who looks for it finds where the task hung. */
  cancelledByForce(vertex: ExecutionVertex, error: SerializedError): void {
    const entry = this.entry(error, vertex)
    if (!this.history.addConcurrent(entry, vertex.index)) {
      this.history.addRoot(entry, [vertex.index])
    }
  }

  /**
   * Notes which result could not be read.
   *
   * @returns whether the failure does not count (yet): the loss of another TaskManager would explain it
   */
  #explainedByLoss({ current }: ExecutionVertex, cause: SerializedError): boolean {
    const { graph } = this.#options
    const failure = dataConsumptionFailure(graph, cause)
    if (failure === undefined) return false
    const { producer, dataSetId, resultLost } = failure
    const isCurrent = graph.currentExecution(producer.attemptId) !== undefined
    // A connection may break once; a process that took the place of the producer's never has its results.
    const isUnreadable = resultLost || this.#unreachable.has(producer.attemptId)
    this.#unreachable.add(producer.attemptId)
    if (isUnreadable && isCurrent) this.results.lost(graph.vertexOf(producer.attemptId), dataSetId)
    const resourceId = producer.slot?.location.resourceId
    if (resourceId === undefined || resourceId === current.slot?.location.resourceId) return false
    this.#unproven.add(resourceId, cause)
    return true
  }
}

function createFailoverStrategy(
  { failoverStrategy, graph, regions }: JobFailuresOptions,
  results: BlockingResults,
): FailoverStrategy {
  if (failoverStrategy === 'full') return new RestartAllFailoverStrategy(graph.vertices.length)
  return new RestartPipelinedRegionFailoverStrategy(regions, (task, dataSetId) =>
    results.isAvailable(graph.vertices[task]!.current, dataSetId),
  )
}
