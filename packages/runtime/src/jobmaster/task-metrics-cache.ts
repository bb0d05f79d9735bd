import type { Clock, Logger } from '@flink-ts/core'
import type { ExecutionGraph } from '../executiongraph/execution-graph.js'
import type { TaskExecutorGateway, TaskMetrics } from '../messages/messages.generated.js'

const MAX_AGE_MS = 1000
const REQUEST_TIMEOUT_MS = 2000

export interface TaskMetricsCacheOptions {
  /** The current one. */
  readonly graph: () => ExecutionGraph
  readonly gateway: (resourceId: string) => TaskExecutorGateway | undefined
  readonly clock: Clock
  readonly log: Logger
}

/** What running tasks have measured, asked of their TaskManagers when somebody wants to know. */
export class TaskMetricsCache {
  readonly #options: TaskMetricsCacheOptions
  #refreshedAt = Number.NEGATIVE_INFINITY
  #refreshing: Promise<void> | undefined

  constructor(options: TaskMetricsCacheOptions) {
    this.#options = options
  }

  /** Metrics that came along with something else. Those of ended attempts are final already. */
  update(metrics: readonly TaskMetrics[]): void {
    const graph = this.#options.graph()
    for (const task of metrics) {
      const execution = graph.currentExecution(task.executionAttemptId)
      if (execution !== undefined && !execution.isTerminal) execution.metrics = task
    }
  }

  /** Resolves when the metrics are at most a second old, or as new as they can be had. */
  refresh(): Promise<void> {
    if (this.#options.clock.monotonicNow() - this.#refreshedAt <= MAX_AGE_MS) {
      return Promise.resolve()
    }
    this.#refreshing ??= this.#request().finally(() => {
      this.#refreshing = undefined
      this.#refreshedAt = this.#options.clock.monotonicNow()
    })
    return this.#refreshing
  }

  async #request(): Promise<void> {
    const { gateway, log } = this.#options
    const graph = this.#options.graph()
    const { jobId } = graph.jobGraph
    const resourceIds = new Set<string>()
    for (const { current } of graph.vertices) {
      if (!current.isTerminal && current.slot !== undefined) {
        resourceIds.add(current.slot.location.resourceId)
      }
    }
    await Promise.all(
      [...resourceIds].map(async (resourceId) => {
        try {
          const response = await gateway(resourceId)?.requestTaskMetrics(
            { jobId },
            { timeoutMs: REQUEST_TIMEOUT_MS },
          )
          if (response !== undefined) this.update(response.metrics)
        } catch (error) {
          // The picture is shown with what is known.
          log.debug('A TaskManager did not tell its metrics', { jobId, resourceId, error })
        }
      }),
    )
  }
}
