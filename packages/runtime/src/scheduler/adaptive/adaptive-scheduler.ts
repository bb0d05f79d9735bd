import type { AllocationId, Clock, Logger, Random, SerializedError } from '@flink-ts/core'
import type { ExecutionGraph } from '../../executiongraph/execution-graph.js'
import type { ExecutionVertex } from '../../executiongraph/execution-vertex.js'
import { isTerminalJobStatus } from '../../executiongraph/job-status.js'
import type { JobGraph } from '../../jobgraph/job-graph.js'
import type { ExecutionGraphInfo } from '../../jobmaster/info/execution-graph-info.js'
import type { ScheduleAction, SlotProvider } from '../../jobmaster/slotpool/slot-pool.js'
import { toErrorInfo } from '../../messages/error-info.js'
import type {
  JobStatus,
  UpdateTaskExecutionStateRequest,
} from '../../messages/messages.generated.js'
import { isNonRecoverable } from '../execution-failure-handler.js'
import type { RestartStrategy } from '../restart-strategy.js'
import type { Scheduler, SchedulerOperations } from '../scheduler.js'
import { AdaptiveGraphs } from './adaptive-graphs.js'
import { AdaptiveJobStatus } from './adaptive-job-status.js'
import { AdaptiveResources } from './adaptive-resources.js'
import type { AdaptiveSchedulerSettings } from './adaptive-scheduler-settings.js'
import type { GraphTasks } from './graph-tasks.js'
import { JobRestart } from './job-restart.js'
import type { JobResourceRequirements } from './parallelism-bounds.js'
import { ResourcePhases } from './resource-phases.js'
import { type RestartAllFailure, RestartAllFailures } from './restart-all-failures.js'

export interface AdaptiveSchedulerOptions {
  readonly jobGraph: JobGraph
  readonly slots: SlotProvider
  readonly operations: SchedulerOperations
  readonly restartStrategy: RestartStrategy
  readonly settings: AdaptiveSchedulerSettings
  /** See `NoResourceAvailableError`. Default false. */
  readonly startsTaskManagers?: boolean
  readonly attemptsHistorySize: number
  readonly exceptionHistorySize: number
  readonly schedule: ScheduleAction
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/**
 * Runs a job with the slots that there are, within the bounds of its vertices: it wishes for all slots
 * that the job can use, starts with those that came, and restarts the job with another parallelism when
 * there are more, or fewer. Every failure restarts the whole job.
 */
export class AdaptiveScheduler implements Scheduler {
  readonly type = 'Adaptive'
  readonly #options: AdaptiveSchedulerOptions
  readonly #status: AdaptiveJobStatus
  readonly #resources: AdaptiveResources
  readonly #failures: RestartAllFailures
  readonly #graphs: AdaptiveGraphs
  readonly #phases: ResourcePhases
  readonly #restart: JobRestart

  constructor(options: AdaptiveSchedulerOptions) {
    this.#options = options
    const { jobGraph, clock, log, settings } = options
    this.#status = new AdaptiveJobStatus({
      jobId: jobGraph.jobId,
      graph: () => this.#graph,
      clock,
      log,
    })
    this.#resources = new AdaptiveResources({
      ...settings,
      jobGraph,
      startsTaskManagers: options.startsTaskManagers === true,
      slots: options.slots,
      onChanged: () => this.#phases.changed(),
    })
    this.#phases = new ResourcePhases({
      ...options,
      jobId: jobGraph.jobId,
      resources: this.#resources,
    })
    this.#restart = new JobRestart(options.schedule, (proceed) =>
      options.operations.prepareRestart(proceed),
    )
    this.#failures = new RestartAllFailures({
      ...options,
      graph: () => this.#graph,
      askTaskManager: (resourceId) => options.operations.askTaskManager(resourceId),
    })
    this.#graphs = new AdaptiveGraphs({
      ...options,
      onTaskFailed: (vertex, cause, countsAgainstBudget) =>
        this.#onTaskFailed({ vertex, cause, countsAgainstBudget }),
      onCancelledByForce: (vertex, cause) => this.#failures.addConcurrent(cause, vertex),
      onAllEnded: () => this.#onAllEnded(),
    })
  }

  get executionGraph(): ExecutionGraph {
    return this.#graph
  }

  get jobStatus(): JobStatus {
    return this.#graph.status
  }

  /** The bounds that were asked for last. */
  get requirements(): JobResourceRequirements {
    return this.#resources.requirements
  }

  /**
   * Changes the bounds of the parallelism; the job is rescaled later, as slots allow.
   *
   * @throws InvalidResourceRequirementsError; nothing has changed then
   */
  updateRequirements(requirements: JobResourceRequirements): void {
    this.#resources.updateRequirements(requirements)
    this.#options.log.info('The bounds of the parallelism were changed', {
      jobId: this.#options.jobGraph.jobId,
      bounds: Object.fromEntries(requirements),
    })
    this.#declareAgain()
  }

  requestJob(): ExecutionGraphInfo {
    return this.#graph.toInfo({
      waitingFor: this.#waitingFor,
      schedulerType: this.type,
      ...this.#failures.annotations,
    })
  }

  initialized(): void {
    this.#graph.transitionTo('CREATED')
  }

  initializationFailed(cause: SerializedError): void {
    this.#failures.addFinal(cause)
    this.#tasks.cancelAll()
    this.#finish('FAILED', cause)
  }

  startScheduling(): void {
    this.#resources.declare()
    this.#waitForResources()
  }

  updateTaskExecutionState(update: UpdateTaskExecutionStateRequest): boolean {
    return this.#tasks.update(update)
  }

  failTask(executionAttemptId: string, cause: SerializedError, countsAgainstBudget = true): void {
    this.#tasks.failTask(executionAttemptId, cause, countsAgainstBudget)
  }

  failGlobally(cause: SerializedError): void {
    const { state } = this.#status
    if (state === 'Executing') {
      this.#handleFailure({ cause, vertex: undefined, countsAgainstBudget: true })
    } else if (state === 'Restarting' && isNonRecoverable(cause)) {
      this.#failures.addFinal(cause)
      this.#fail(cause)
    }
  }

  slotsLost(
    allocationIds: readonly AllocationId[],
    resourceId: string | undefined,
    cause: SerializedError,
  ): void {
    const lost = new Set<string>(allocationIds)
    if (resourceId !== undefined) this.#failures.taskManagerLost(resourceId)
    this.#resources.lost(allocationIds)
    this.#tasks.slotsLost(
      ({ allocationId, location }) => lost.has(allocationId) || location.resourceId === resourceId,
      cause,
    )
    this.#declareAgain()
  }

  taskManagerAlive(resourceId: string): void {
    const cause = this.#failures.taskManagerAlive(resourceId)
    const { state } = this.#status
    if (cause === undefined) return
    if (state === 'Executing' || state === 'Restarting') this.#fail(cause)
    else if (state === 'WaitingForResources') this.#failBeforeExecution(cause)
  }

  cancel(): void {
    const { state } = this.#status
    if (state === 'Canceling' || state === 'Finished') return
    this.#stopTimers()
    if (state === 'Executing' || state === 'Restarting' || state === 'Failing') {
      this.#status.enter('Canceling')
      if (this.#tasks.allEnded) this.#finish('CANCELED')
      else this.#tasks.cancelAll()
    } else {
      this.#graph.transitionTo('CANCELLING')
      this.#tasks.cancelAll()
      this.#finish('CANCELED')
    }
  }

  suspend(cause: SerializedError): void {
    if (!isTerminalJobStatus(this.jobStatus)) this.#finish('SUSPENDED', cause)
  }

  get #graph(): ExecutionGraph {
    return this.#graphs.current
  }

  get #tasks(): GraphTasks {
    return this.#graphs.tasks
  }

  // ---------------------------------------------------------------- resources

  get #waitingFor(): string | undefined {
    if (this.#status.state !== 'WaitingForResources') return undefined
    return this.#resources.waitingFor
  }

  #declareAgain(): void {
    const { state } = this.#status
    if (['Created', 'Failing', 'Canceling', 'Finished'].includes(state)) return
    this.#resources.declare()
    this.#phases.changed()
  }

  #waitForResources(): void {
    this.#status.enter('WaitingForResources')
    this.#phases.awaitStart(
      () => this.#createExecutionGraph(),
      (error) => this.#failBeforeExecution(toErrorInfo(error)),
    )
  }

  #failBeforeExecution(cause: SerializedError): void {
    this.#stopTimers()
    this.#failures.addFinal(cause)
    this.#graph.transitionTo('FAILING', cause)
    this.#tasks.cancelAll()
    this.#finish('FAILED', cause)
  }

  // ---------------------------------------------------------------- running

  #createExecutionGraph(): void {
    this.#stopTimers()
    this.#status.enter('CreatingExecutionGraph')
    const parallelism = this.#resources.possibleParallelism
    if (parallelism === undefined) {
      this.#waitForResources()
      return
    }
    this.#graphs.replace(parallelism)
    try {
      this.#options.operations.graphReplaced()
    } catch (error) {
      this.#failBeforeExecution(toErrorInfo(error))
      return
    }
    const used = this.#resources.use(this.#tasks.slotsNeeded)
    this.#resources.declare()
    this.#status.enter('Executing')
    this.#tasks.deploy(used)
    // Tasks that could not be deployed have been failed meanwhile.
    if (this.#status.state === 'Executing') {
      this.#phases.awaitRescale(parallelism, () => this.#rescale())
    }
  }

  #rescale(): void {
    this.#options.log.info('The job is rescaled', {
      jobId: this.#options.jobGraph.jobId,
      slots: this.#resources.availableSlots,
    })
    this.#restartTasks(0, () => this.#createExecutionGraph())
  }

  #restartTasks(delayMs: number, proceed: () => void): void {
    this.#stopTimers()
    this.#restart.begin(delayMs, proceed)
    this.#status.enter('Restarting')
    if (this.#tasks.allEnded) this.#onAllEnded()
    else this.#tasks.cancelAll()
  }

  #onTaskFailed(failure: RestartAllFailure & { readonly vertex: ExecutionVertex }): void {
    if (this.#status.state === 'Executing') this.#handleFailure(failure)
    else this.#failures.addConcurrent(failure.cause, failure.vertex)
  }

  #handleFailure(failure: RestartAllFailure): void {
    const result = this.#failures.handle(failure)
    if (result.kind === 'restart') {
      this.#restartTasks(result.delayMs, () => this.#waitForResources())
      return
    }
    this.#fail(result.cause)
  }

  #fail(cause: SerializedError): void {
    this.#stopTimers()
    this.#status.enter('Failing', cause)
    if (this.#tasks.allEnded) this.#onAllEnded()
    else this.#tasks.cancelAll()
  }

  #onAllEnded(): void {
    const { state } = this.#status
    if (state === 'Restarting') this.#restart.tasksEnded()
    else if (state === 'Failing') this.#finish('FAILED')
    else if (state === 'Canceling') this.#finish('CANCELED')
    else if (state === 'Executing' && this.#tasks.allFinished) this.#finish('FINISHED')
  }

  // ---------------------------------------------------------------- the end

  #finish(status: JobStatus, cause?: SerializedError): void {
    this.#stopTimers()
    this.#status.finish(status, cause)
    this.#resources.close()
    this.#options.operations.jobTerminated(status)
  }

  #stopTimers(): void {
    this.#phases.close()
    this.#restart.cancel()
  }
}
