import type { Clock, FileSystems, Logger, Random, SerializedError } from '@flink-ts/core'
import type { CheckpointConfiguration } from '../checkpoint/checkpoint-configuration.js'
import { CheckpointCoordinator } from '../checkpoint/checkpoint-coordinator.js'
import type { AcknowledgeCheckpoint, DeclineCheckpoint } from '../checkpoint/checkpoint-gateways.js'
import { planCheckpoint } from '../checkpoint/checkpoint-plan.js'
import { CheckpointStatisticsTracker } from '../checkpoint/checkpoint-statistics-tracker.js'
import {
  JobCheckpointStorage,
  MAX_STATE_IN_JOB_MANAGER,
} from '../checkpoint/job-checkpoint-storage.js'
import { plannedTasks } from '../checkpoint/planned-tasks.js'
import { type RecoveredCheckpoints, recoverCheckpoints } from '../checkpoint/recover-checkpoints.js'
import type { StateAssignment } from '../checkpoint/state-assignment.js'
import { TaskCheckpointGateway } from '../checkpoint/task-checkpoint-gateway.js'
import type { ExecutionGraph } from '../executiongraph/execution-graph.js'
import type { ExecutionVertex } from '../executiongraph/execution-vertex.js'
import type { LeaderStores } from '../highavailability/high-availability-services.js'
import type { JobGraph } from '../jobgraph/job-graph.js'
import { toErrorInfo } from '../messages/error-info.js'
import type {
  JobStatus,
  RequestCheckpointStatisticsRequest,
  TaskExecutorGateway,
  UpdateTaskExecutionStateRequest,
} from '../messages/messages.generated.js'
import type { Scheduler } from '../scheduler/scheduler.js'
import type { TaskCheckpointing } from '../taskmanager/task-launcher.js'
import type { OperatorCoordinators } from './coordination/operator-coordinators.js'
import { checkpointStatisticsInfo } from './info/checkpoint-statistics-info.js'
import { judgeRestore } from './judge-restore.js'
import { RestorePoint } from './restore-point.js'
import { SavepointOperations } from './savepoint-operations.js'
import type { ScheduleAction } from './slotpool/slot-pool.js'

export interface JobCheckpointingOptions {
  /** The vertices may change here: see {@link adoptMaxParallelism}. */
  readonly jobGraph: JobGraph
  readonly configuration: CheckpointConfiguration
  readonly stores: LeaderStores
  readonly fileSystems: FileSystems
  /** The current one. */
  readonly graph: () => ExecutionGraph
  /** Undefined: it is not registered (any more). */
  readonly gateway: (resourceId: string) => TaskExecutorGateway | undefined
  readonly scheduler: () => Pick<Scheduler, 'cancel' | 'failGlobally'>
  readonly schedule: ScheduleAction
  readonly execute: (action: () => void) => void
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** What a JobMaster does about checkpoints: takes them while all tasks run, and says what tasks begin with. */
export class JobCheckpointing {
  readonly statistics: CheckpointStatisticsTracker
  readonly #options: JobCheckpointingOptions
  readonly #storage: JobCheckpointStorage
  readonly #recovered: RecoveredCheckpoints
  #coordinator: CheckpointCoordinator | undefined
  #operations: SavepointOperations | undefined
  #coordinators: OperatorCoordinators | undefined
  readonly #restorePoint: RestorePoint
  /** Indexes of subtasks that run or have finished. */
  readonly #running = new Set<number>()

  private constructor(
    options: JobCheckpointingOptions,
    storage: JobCheckpointStorage,
    recovered: RecoveredCheckpoints,
  ) {
    this.#options = options
    this.#storage = storage
    this.#recovered = recovered
    this.statistics = new CheckpointStatisticsTracker({
      clock: options.clock,
      historySize: options.configuration.settings.historySize,
      sharedSizeBytes: (key) => recovered.sharedState.sizeBytesOf(key),
    })
    const { jobId } = options.jobGraph
    const { statistics } = this
    this.#restorePoint = new RestorePoint({ jobId, recovered, statistics, log: options.log })
    this.#restorePoint.choose(recovered.store.latest)
  }

  /**
   * Reads what there is, and judges whether the job can begin with it. Nothing has been deployed.
   *
   * @throws RestoreRefusedError, StateIncompatibleError, CheckpointsDamagedError, CheckpointNotFoundError, LeadershipLostError
   */
  static async recover(options: JobCheckpointingOptions): Promise<JobCheckpointing> {
    const { jobGraph, configuration, fileSystems, random } = options
    const { jobId } = jobGraph
    const settings = configuration.storage
    const storage = new JobCheckpointStorage({ settings, fileSystems, random, jobId })
    const recovered = await recoverCheckpoints({ ...options, jobId, storage })
    const checkpoint = recovered.store.latest ?? recovered.initial
    if (checkpoint !== undefined) await judgeRestore(checkpoint, options)
    return new JobCheckpointing(options, storage, recovered)
  }

  /** What tasks and operator coordinators begin with; undefined: with nothing. */
  get restored(): StateAssignment | undefined {
    return this.#restorePoint.state
  }

  /** The oldest checkpoint that the job may begin with again. */
  get oldestKept(): bigint {
    return this.#recovered.store.all[0]?.checkpointId ?? 0n
  }

  /** Whether the job may begin with the checkpoint or savepoint in this folder again. */
  mayRestore(directory: string): boolean {
    const { store, initial } = this.#recovered
    const kept = store.latest === undefined && initial !== undefined ? [initial] : store.all
    const path = withoutScheme(directory)
    return kept.some(({ externalPath }) => withoutScheme(externalPath) === path)
  }

  /** The newest that tasks may commit; 0: none of this leader. */
  get latestCompletedId(): bigint {
    return this.#coordinator?.latestCompletedId ?? 0n
  }

  /** What somebody may ask for; undefined until the job is initialized. */
  get operations(): SavepointOperations | undefined {
    return this.#operations
  }

  /** As REST shows it; see {@link checkpointStatisticsInfo}. */
  statisticsOf(request: RequestCheckpointStatisticsRequest): object | undefined {
    return checkpointStatisticsInfo(request, this.statistics, this.#options.configuration)
  }

  /** `JobInformation.checkpointing` */
  get taskCheckpointing(): TaskCheckpointing {
    const { settings, storage } = this.#options.configuration
    const { jobDirectory } = this.#storage
    return {
      isPeriodic: settings.intervalMs !== undefined,
      inlineThresholdBytes:
        jobDirectory === undefined ? MAX_STATE_IN_JOB_MANAGER : storage.inlineThresholdBytes,
      unaligned: settings.unaligned && settings.mode === 'EXACTLY_ONCE',
      afterTasksFinish: settings.checkpointsAfterTasksFinish,
      ...(jobDirectory !== undefined && { jobDirectory }),
    }
  }

  /** The job is initialized. Once. */
  start(coordinators: OperatorCoordinators): void {
    const { jobGraph, configuration, graph, scheduler } = this.#options
    const { settings } = configuration
    const { jobId } = jobGraph
    this.#coordinators = coordinators
    const gateway = new TaskCheckpointGateway({
      ...this.#options,
      execution: (attempt) => graph().currentExecution(attempt),
      latestCompletedId: () => this.latestCompletedId,
      onTriggered: (attempt, checkpointId) => coordinators.reached(attempt, checkpointId),
      onDeclined: (decline) => this.decline(decline),
    })
    this.#coordinator = new CheckpointCoordinator({
      ...this.#options,
      ...this.#recovered,
      jobId,
      settings,
      plan: () =>
        planCheckpoint(plannedTasks(graph()), {
          afterTasksFinish: settings.checkpointsAfterTasksFinish,
        }),
      gateway,
      coordinators,
      storage: this.#storage,
      statistics: this.statistics,
      isFullForced: () => this.#usesForeignFiles,
      failJob: (error) => this.#failJob(error),
    })
    this.#operations = new SavepointOperations({
      ...this.#options,
      jobId,
      scheduler: scheduler(),
      stateBackend: configuration.stateBackend,
      defaultDirectory: configuration.storage.savepointDirectory,
      coordinator: this.#coordinator,
      resume: () => this.#startIfAllRun(),
    })
  }

  // ---------------------------------------------------------------- what tasks tell

  acknowledge(acknowledgement: AcknowledgeCheckpoint): void {
    const { executionAttemptId, checkpointId } = acknowledgement
    this.#coordinators?.reached(executionAttemptId, checkpointId)
    this.#coordinator?.acknowledgeCheckpoint(acknowledgement)
  }

  decline(decline: DeclineCheckpoint): void {
    this.#coordinator?.declineCheckpoint(decline)
  }

  /** Before the scheduler hears of it: what a task cannot read is not restored again. */
  taskFailed(executionAttemptId: string, error: SerializedError | undefined): void {
    if (error !== undefined) this.#restorePoint.taskFailed(executionAttemptId, error)
  }

  /** The scheduler has taken a report of a task. */
  taskStateChanged({ executionAttemptId, state }: UpdateTaskExecutionStateRequest): void {
    if (this.#options.configuration.settings.intervalMs === undefined) return
    if (state !== 'RUNNING' && state !== 'FINISHED') return
    const graph = this.#options.graph()
    const current = graph.currentExecution(executionAttemptId)
    if (current?.state !== 'RUNNING' && current?.state !== 'FINISHED') return
    this.#running.add(graph.vertexOf(current.attemptId).index)
    this.#startIfAllRun()
  }

  // ---------------------------------------------------------------- what the scheduler tells

  /** `TaskDeploymentDescriptor.task_restore`; undefined: the task begins with nothing. */
  taskRestore(vertex: ExecutionVertex): Uint8Array | undefined {
    return this.#restorePoint.taskRestore(vertex)
  }

  /** See `SchedulerOperations.executionEnded`. */
  executionEnded({ current, index }: ExecutionVertex): void {
    this.#restorePoint.executionEnded(current.attemptId)
    if (current.state !== 'FINISHED') {
      this.#running.delete(index)
      // Of a job that ends its end is told.
      if (this.#options.graph().status !== 'CANCELLING') {
        this.#operations?.attemptFailed(current.failure)
      }
      this.#coordinator?.stopScheduler('TASK_FAILURE', current.failure)
      return
    }
    // What it has not acknowledged it will not; those that come later do without it.
    this.#coordinator?.taskFinished(current.attemptId)
  }

  /** These subtasks begin new attempts. */
  subtasksReset(vertices: readonly ExecutionVertex[]): void {
    for (const { index } of vertices) this.#running.delete(index)
  }

  /** The job has another graph. */
  graphReplaced(): void {
    this.#running.clear()
    this.#restorePoint.graphReplaced()
  }

  /**
   * See `SchedulerOperations.prepareRestart`: fixes what the tasks begin with. A checkpoint that is just being stored is
   * waited for: a later leader may find it already.
   */
  prepareRestart(proceed: () => void): void {
    const coordinator = this.#coordinator
    if (coordinator === undefined) {
      proceed()
      return
    }
    if (coordinator.isStoring) {
      void coordinator.restoreLatest().then(() => this.prepareRestart(proceed))
      return
    }
    const error = this.#restorePoint.choose(coordinator.restoreNow())
    if (error === undefined) proceed()
    else this.#failJob(error)
  }

  /** The job has ended, or is not run here any more. */
  jobTerminated(status: JobStatus): void {
    this.#operations?.jobTerminated(status)
    this.#coordinator?.stopScheduler('CHECKPOINT_COORDINATOR_SHUTDOWN')
  }

  /**
   * How the job ended is known to later leaders: what is not retained is removed. Never rejects; what could not be removed is
   * logged.
   */
  async shutdown(status: JobStatus): Promise<void> {
    const { log, jobGraph } = this.#options
    try {
      const isSuspended = status !== 'FINISHED' && status !== 'CANCELED' && status !== 'FAILED'
      const isUseless = await this.#coordinator?.shutdown(isSuspended ? 'SUSPENDED' : status)
      if (isUseless === true) await this.#storage.discardJobDirectory()
    } catch (error) {
      log.warn('Checkpoints of a job that has ended could not be removed', {
        jobId: jobGraph.jobId,
        error,
      })
    }
  }

  #startIfAllRun(): void {
    const { vertices, status } = this.#options.graph()
    const allRun = this.#running.size === vertices.length && status === 'RUNNING'
    if (allRun && this.#operations?.isStopping === false) this.#coordinator?.startScheduler()
  }

  /** Later: it may come from amidst a change of the scheduler's own. */
  #failJob(error: Error): void {
    const { execute, scheduler } = this.#options
    execute(() => scheduler().failGlobally(toErrorInfo(error)))
  }

  /** Files of a savepoint that is not the job's own may go at any time once a checkpoint of the job is complete. */
  get #usesForeignFiles(): boolean {
    const { initial, store } = this.#recovered
    const isForeign = this.#options.configuration.restore?.claimMode === 'NO_CLAIM'
    return isForeign && initial !== undefined && store.latest === undefined
  }
}

/** A file of this machine may be named with and without its scheme. */
function withoutScheme(path: string): string {
  return path.replace(/^file:\/+/, '/').replace(/\/+$/, '')
}
