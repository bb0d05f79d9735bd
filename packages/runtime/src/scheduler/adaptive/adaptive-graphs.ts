import type { Clock, Logger, Random } from '@flink-ts/core'
import { ExecutionGraph } from '../../executiongraph/execution-graph.js'
import type { JobGraph } from '../../jobgraph/job-graph.js'
import type { RestartStrategy } from '../restart-strategy.js'
import { GraphTasks, type GraphTasksOptions } from './graph-tasks.js'
import { type VertexParallelism, withParallelism } from './slot-distribution.js'

export interface AdaptiveGraphsOptions extends Omit<GraphTasksOptions, 'graph'> {
  readonly jobGraph: JobGraph
  readonly restartStrategy: RestartStrategy
  readonly attemptsHistorySize: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** The execution graphs of an adaptive job, one after the other, and the tasks of the current one. */
export class AdaptiveGraphs {
  readonly #options: AdaptiveGraphsOptions
  #current: ExecutionGraph
  #tasks: GraphTasks

  /** Begins with the parallelism of the program. */
  constructor(options: AdaptiveGraphsOptions) {
    this.#options = options
    this.#current = this.#create(options.jobGraph, undefined)
    this.#tasks = new GraphTasks({ ...options, graph: this.#current })
  }

  get current(): ExecutionGraph {
    return this.#current
  }

  get tasks(): GraphTasks {
    return this.#tasks
  }

  /** Goes on with another graph, which has the status, times and attempt numbers of the one before. */
  replace(parallelism: VertexParallelism): void {
    const { jobGraph } = this.#options
    this.#current = this.#create(withParallelism(jobGraph, parallelism), this.#current)
    this.#tasks = new GraphTasks({ ...this.#options, graph: this.#current })
  }

  #create(jobGraph: JobGraph, predecessor: ExecutionGraph | undefined): ExecutionGraph {
    const { clock, random, log, attemptsHistorySize, restartStrategy } = this.#options
    return new ExecutionGraph({
      jobGraph,
      clock,
      random,
      log,
      attemptsHistorySize,
      restartStrategy: restartStrategy.description,
      ...(predecessor === undefined ? {} : { predecessor }),
    })
  }
}
