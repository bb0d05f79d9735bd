import assert from 'node:assert/strict'
import type { AllocationId, Clock, Logger, SerializedError } from '@flink-ts/core'
import type { ExecutionGraph } from '../executiongraph/execution-graph.js'
import type { ExecutionVertex } from '../executiongraph/execution-vertex.js'
import { isTerminalJobStatus } from '../executiongraph/job-status.js'
import type { ExecutionGraphInfo } from '../jobmaster/info/execution-graph-info.js'
import type { ScheduleAction, SlotProvider } from '../jobmaster/slotpool/slot-provider.js'
import { toErrorInfo } from '../messages/error-info.js'
import type { JobStatus, UpdateTaskExecutionStateRequest } from '../messages/messages.generated.js'
import type { ConsumedResult } from './blocking-results.js'
import { type JobFailure, JobFailures } from './job-failures.js'
import { PendingRestarts } from './pending-restarts.js'
import { PipelinedRegions } from './pipelined-regions.js'
import { RegionScheduler } from './region-scheduler.js'
import type { RestartStrategy } from './restart-strategy.js'
import type { Scheduler, SchedulerOperations } from './scheduler.js'
import { schedulingTopologyOf } from './scheduling-topology.js'
import { type AttemptFailure, TaskAttempts } from './task-attempts.js'

export interface DefaultSchedulerOptions {
  readonly graph: ExecutionGraph
  readonly slots: SlotProvider
  readonly operations: SchedulerOperations
  readonly restartStrategy: RestartStrategy
  /** `jobmanager.execution.failover-strategy`. */
  readonly failoverStrategy: 'region' | 'full'
  readonly schedule: ScheduleAction
  readonly slotRequestTimeoutMs: number
  /** See `NoResourceAvailableError`. Default false. */
  readonly startsTaskManagers?: boolean
  /** `taskmanager.load-balance.mode: TASKS`. Default false. */
  readonly balanceTasks?: boolean
  /** See `SharedSlotsOptions`. Default false. */
  readonly staysWithState?: boolean
  readonly exceptionHistorySize: number
  readonly clock: Clock
  readonly log: Logger
}

/**
 * Schedules the tasks of a job region by region with the parallelism that the JobGraph says, and answers
 * their failures with restarts of what they affect or the end of the job.
 */
export class DefaultScheduler implements Scheduler {
  readonly type = 'Default'
  readonly #options: DefaultSchedulerOptions
  readonly #graph: ExecutionGraph
  readonly #regions: PipelinedRegions
  readonly #regionScheduler: RegionScheduler
  readonly #restarts: PendingRestarts
  readonly #failures: JobFailures
  readonly #attempts: TaskAttempts
  #ended = 0
  #finished = 0

  constructor(options: DefaultSchedulerOptions) {
    this.#options = options
    this.#graph = options.graph
    this.#regions = new PipelinedRegions(schedulingTopologyOf(options.graph))
    this.#failures = new JobFailures({
      ...options,
      regions: this.#regions,
      askTaskManager: (resourceId) => options.operations.askTaskManager(resourceId),
    })
    this.#attempts = new TaskAttempts({
      ...options,
      onEnded: (vertex) => this.#onEnded(vertex),
      onFailed: (vertex, failure) => this.#onFailed(vertex, failure),
      onCancelledByForce: (vertex, cause) => this.#failures.cancelledByForce(vertex, cause),
    })
    this.#regionScheduler = new RegionScheduler({
      ...options,
      regions: this.#regions,
      deploy: (tasks) => options.operations.deploy(tasks.map((task) => this.#vertex(task))),
      onSchedulingFailed: (task, error) =>
        this.#attempts.fail(this.#vertex(task), toErrorInfo(error), true),
    })
    this.#restarts = new PendingRestarts(
      options.schedule,
      (proceed) => options.operations.prepareRestart(proceed),
      (tasks) => this.#restartTasks(tasks),
    )
  }

  get executionGraph(): ExecutionGraph {
    return this.#graph
  }

  get jobStatus(): JobStatus {
    return this.#graph.status
  }

  requestJob(): ExecutionGraphInfo {
    return this.#graph.toInfo({
      waitingFor: this.#regionScheduler.waitingFor,
      exceptionHistory: this.#failures.history.entries,
      exceptionHistoryTruncated: this.#failures.history.truncated,
    })
  }

  initialized(): void {
    this.#graph.transitionTo('CREATED')
  }

  initializationFailed(cause: SerializedError): void {
    this.#failures.history.addRoot(this.#failures.entry(cause), [])
    for (const vertex of this.#graph.vertices) this.#attempts.cancel(vertex)
    this.#terminate('FAILED', cause)
  }

  startScheduling(): void {
    this.#graph.transitionTo('RUNNING')
    this.#regionScheduler.scheduleRegions(this.#regions.regions)
  }

  updateTaskExecutionState(update: UpdateTaskExecutionStateRequest): boolean {
    return this.#attempts.update(update)
  }

  failTask(executionAttemptId: string, cause: SerializedError, countsAgainstBudget = true): void {
    this.#attempts.failTask(executionAttemptId, cause, countsAgainstBudget)
  }

  failGlobally(cause: SerializedError): void {
    const { status } = this.#graph
    if (status === 'FAILING' || status === 'CANCELLING' || isTerminalJobStatus(status)) return
    this.#handleFailure(this.#failures.ofJob(cause))
  }

  slotsLost(
    allocationIds: readonly AllocationId[],
    resourceId: string | undefined,
    cause: SerializedError,
  ): void {
    const lost = new Set<string>(allocationIds)
    const affected = this.#graph.vertices.filter(({ current }) => {
      const slot = current.slot
      return (
        slot !== undefined &&
        (lost.has(slot.allocationId) || slot.location.resourceId === resourceId)
      )
    })
    // All results first: the answer to the first failure depends on them.
    if (resourceId !== undefined) this.#failures.taskManagerLost(resourceId, affected)
    // Lost with its TaskManager: nothing that the job could have done better.
    const counts = resourceId === undefined
    for (const vertex of affected) this.failTask(vertex.current.attemptId, cause, counts)
    for (const vertex of affected) this.#produceAgain(vertex, cause)
    for (const allocationId of allocationIds) this.#regionScheduler.slotLost(allocationId)
  }

  taskManagerAlive(resourceId: string): void {
    const cause = this.#failures.taskManagerAlive(resourceId)
    const { status } = this.#graph
    if (cause === undefined || (status !== 'RUNNING' && status !== 'RESTARTING')) return
    this.#graph.transitionTo('FAILING', cause)
    this.#cancelAll()
  }

  cancel(): void {
    const { status } = this.#graph
    if (status === 'CANCELLING' || isTerminalJobStatus(status)) return
    this.#graph.transitionTo('CANCELLING')
    this.#cancelAll()
  }

  suspend(cause: SerializedError): void {
    if (!isTerminalJobStatus(this.#graph.status)) this.#terminate('SUSPENDED', cause)
  }

  /** A finished task whose result is gone, though consumers need it that wait or run: they could only fail. */
  #produceAgain(vertex: ExecutionVertex, cause: SerializedError): void {
    const { status } = this.#graph
    if (status !== 'RUNNING' && status !== 'RESTARTING') return
    if (this.#restarts.includes(vertex.index) || !this.#failures.results.isNeededAgain(vertex))
      return
    this.#handleFailure(this.#failures.ofTask(vertex, cause, false))
  }

  #onFailed(vertex: ExecutionVertex, failure: AttemptFailure): void {
    const { cause, countsAgainstBudget, wasCanceling } = failure
    const { status } = this.#graph
    if (wasCanceling || status === 'FAILING' || status === 'CANCELLING') {
      this.#failures.history.addConcurrent(this.#failures.entry(cause, vertex), vertex.index)
      this.#onEnded(vertex)
      return
    }
    const answer = this.#failures.ofTask(vertex, cause, countsAgainstBudget)
    this.#countEnd(vertex)
    this.#handleFailure(answer)
    this.#afterEnd(vertex)
  }

  #handleFailure({ entry, result }: JobFailure): void {
    if (result.kind === 'fail') {
      this.#failures.history.addRoot(
        entry,
        this.#graph.vertices.map(({ index }) => index),
      )
      this.#graph.transitionTo('FAILING', result.cause)
      this.#cancelAll()
      return
    }
    const { tasks, delayMs } = result
    this.#failures.history.addRoot(entry, tasks)
    this.#options.log.info('Restarting tasks', {
      jobId: this.#graph.jobGraph.jobId,
      tasks: tasks.length,
      delayMs,
    })
    if (this.#graph.status === 'RUNNING') this.#graph.transitionTo('RESTARTING')
    const alive = tasks.filter((task) => !isIdle(this.#vertex(task)))
    this.#regionScheduler.restartExpected(tasks)
    this.#restarts.add(tasks, alive, delayMs)
    for (const task of tasks) {
      if (this.#vertex(task).current.state !== 'CREATED') this.#attempts.cancel(this.#vertex(task))
    }
  }

  #restartTasks(tasks: readonly number[]): void {
    const reset = tasks
      .map((task) => this.#vertex(task))
      .filter(({ current }) => current.state !== 'CREATED')
    for (const vertex of reset) {
      this.#ended--
      if (vertex.current.state === 'FINISHED') {
        this.#finished--
        this.#failures.results.consumerReset(vertex)
        this.#regionScheduler.finishedTaskReset(vertex.index)
      }
      this.#graph.resetVertex(vertex)
    }
    this.#options.operations.subtasksReset(reset)
    // A coordinator that cannot be reset has failed the job meanwhile.
    if (this.#restarts.isEmpty && this.#graph.status === 'RESTARTING') {
      this.#graph.transitionTo('RUNNING')
    }
    if (this.#graph.status !== 'RUNNING' && this.#graph.status !== 'RESTARTING') return
    this.#regionScheduler.restart(tasks)
  }

  #cancelAll(): void {
    this.#restarts.cancelAll()
    for (const vertex of this.#graph.vertices) this.#attempts.cancel(vertex)
    this.#checkJobEnd()
  }

  #onEnded(vertex: ExecutionVertex): void {
    this.#countEnd(vertex)
    this.#afterEnd(vertex)
  }

  #countEnd(vertex: ExecutionVertex): void {
    this.#ended++
    if (vertex.current.state === 'FINISHED') this.#finished++
    this.#options.operations.executionEnded(vertex)
  }

  #afterEnd(vertex: ExecutionVertex): void {
    this.#regionScheduler.taskEnded(vertex.index)
    this.#restarts.taskEnded(vertex.index)
    if (vertex.current.state === 'FINISHED') {
      for (const consumed of this.#failures.results.consumerFinished(vertex))
        this.#release(consumed)
      this.#regionScheduler.taskFinished(vertex.index)
    }
    this.#checkJobEnd()
  }

  #release(consumed: ConsumedResult): void {
    this.#options.operations.resultsConsumed(consumed)
    for (const producer of consumed.producers) {
      this.#failures.results.lost(producer, consumed.edge.jobEdge.id)
    }
  }

  #checkJobEnd(): void {
    const count = this.#graph.vertices.length
    const { status } = this.#graph
    if (status === 'RUNNING' && this.#finished === count) this.#terminate('FINISHED')
    if (this.#ended < count) return
    if (status === 'CANCELLING') this.#terminate('CANCELED')
    if (status === 'FAILING') this.#terminate('FAILED')
  }

  #terminate(status: JobStatus, cause?: SerializedError): void {
    this.#restarts.cancelAll()
    this.#regionScheduler.close()
    this.#graph.transitionTo(status, cause)
    this.#options.operations.jobTerminated(status)
  }

  #vertex(task: number): ExecutionVertex {
    const vertex = this.#graph.vertices[task]
    assert(vertex !== undefined, `task ${task} exists`)
    return vertex
  }
}

/** Whether there is nothing to wait for before the next attempt. */
function isIdle({ current }: ExecutionVertex): boolean {
  return current.isTerminal || current.state === 'CREATED'
}
