import type { Logger } from '@flink-ts/core'
import type { MainThreadExecutor } from '@flink-ts/rpc'
import type { BlobCache } from '../blob/blob-cache.js'
import type {
  EndpointAddress,
  JobMasterGateway,
  TaskDeploymentDescriptor,
  TaskMetrics,
} from '../messages/messages.generated.js'
import type { TaskDeployment, TaskLauncher } from '../taskmanager/task-launcher.js'
import type { LocalStateStores } from './local-state-stores.js'
import type { TaskSlotTable } from './slot/task-slot-table.js'
import { taskDeploymentFromDescriptor } from './task-deployment-from-descriptor.js'
import { TaskEntry } from './task-entry.js'
import { TaskSubmissionError } from './task-executor-errors.js'

export interface TaskTableOptions {
  readonly mainThread: MainThreadExecutor
  readonly log: Logger
  readonly slots: TaskSlotTable
  readonly launcher: TaskLauncher
  readonly blobCache: BlobCache
  /** Absent: there are no second copies of state. */
  readonly localState?: Pick<LocalStateStores, 'foldersOf'> | undefined
  /** Undefined before the first registration at a ResourceManager. */
  readonly blobServer: () => EndpointAddress | undefined
  /** Drops results; unknown ones are ignored. */
  readonly releasePartitions: (partitionIds: readonly string[]) => void
  readonly onFatalError: (error: unknown) => void
}

/** So many cancellations of unknown attempts are remembered: a submission may come after them. */
const MAX_REMEMBERED_CANCELLATIONS = 1_000

/** So much of accumulators is told of a job at once. */
const MAX_ACCUMULATOR_CHARACTERS = 2 * 1024 * 1024

/** The attempts of one TaskExecutor. */
export class TaskTable {
  readonly #options: TaskTableOptions
  readonly #entries = new Map<string, TaskEntry>()
  readonly #cancelledBeforeSubmission = new Set<string>()
  /** Jobs that are gone: their blobs go with their last task. */
  readonly #removedJobs = new Set<string>()
  /** Results of finished attempts, by job: their JobMaster releases them, else they go with the job. */
  readonly #results = new Map<string, Set<string>>()

  constructor(options: TaskTableOptions) {
    this.#options = options
  }

  get(executionAttemptId: string): TaskEntry | undefined {
    return this.#entries.get(executionAttemptId)
  }

  /** Whether results of finished attempts lie here that nobody has released. */
  get hasResults(): boolean {
    return [...this.#results.values()].some(({ size }) => size > 0)
  }

  entriesOf(jobId: string): TaskEntry[] {
    return [...this.#entries.values()].filter((entry) => entry.jobId === jobId)
  }

  /** Accumulators are left out where they would make a heartbeat too large; the end of a task tells them. */
  metricsOf(jobId: string): TaskMetrics[] {
    let charactersLeft = MAX_ACCUMULATOR_CHARACTERS
    return this.entriesOf(jobId).flatMap((entry) => {
      const metrics = entry.metrics()
      if (metrics === undefined) return []
      charactersLeft -= metrics.accumulators.reduce((sum, { value }) => sum + value.length, 0)
      return charactersLeft < 0 ? { ...metrics, accumulators: [] } : metrics
    })
  }

  /**
   * Takes an attempt into its slot, which is ACTIVE, and starts it when its program is here. The same
   * submission again changes nothing.
   *
   * @throws TaskSubmissionError
   */
  submit(descriptor: TaskDeploymentDescriptor, jobMaster: JobMasterGateway): void {
    const { executionAttemptId, allocationId, jobId } = descriptor
    if (this.#entries.has(executionAttemptId)) return
    if (this.#cancelledBeforeSubmission.has(executionAttemptId)) {
      const why = 'it was cancelled before it arrived'
      throw new TaskSubmissionError({ executionAttemptId, why })
    }
    const { mainThread, log, slots, onFatalError } = this.#options
    const profile = slots.get(allocationId)?.profile
    const described = taskDeploymentFromDescriptor(descriptor)
    const localState = this.#options.localState?.foldersOf(described)
    const deployment: Omit<TaskDeployment, 'bundlePath'> = {
      ...described,
      ...(localState !== undefined && { localState }),
      ...(profile === undefined
        ? {}
        : { slot: { taskHeapBytes: profile.taskHeapBytes, managedBytes: profile.managedBytes } }),
    }
    const entry = new TaskEntry({
      jobId,
      executionAttemptId,
      allocationId,
      mainThread,
      log,
      jobMaster,
      onFatalError,
      onReleased: () => slots.removeTask(allocationId, executionAttemptId),
      onDone: () => this.#remove(entry, deployment),
    })
    this.#entries.set(executionAttemptId, entry)
    this.#removedJobs.delete(jobId)
    slots.addTask(allocationId, executionAttemptId)
    const bundleKey = deployment.job.program?.bundleKey
    if (bundleKey === undefined) this.#launch(entry, deployment)
    else this.#fetchAndLaunch(entry, deployment, bundleKey)
  }

  /** @returns false if there is no such attempt; a submission of it will be refused then */
  cancel(executionAttemptId: string): boolean {
    const entry = this.#entries.get(executionAttemptId)
    if (entry !== undefined) {
      entry.cancel()
      return true
    }
    const remembered = this.#cancelledBeforeSubmission
    remembered.add(executionAttemptId)
    if (remembered.size > MAX_REMEMBERED_CANCELLATIONS) {
      for (const oldest of remembered) {
        remembered.delete(oldest)
        break
      }
    }
    return false
  }

  failAll(jobId: string, cause: Error): void {
    for (const entry of this.entriesOf(jobId)) entry.fail(cause)
  }

  failIn(allocationId: string, cause: Error): void {
    for (const entry of [...this.#entries.values()]) {
      if (entry.allocationId === allocationId) entry.fail(cause)
    }
  }

  /** Drops results that nobody reads any more. */
  releasePartitions(partitionIds: readonly string[]): void {
    for (const results of this.#results.values()) {
      for (const partitionId of partitionIds) results.delete(partitionId)
    }
    this.#options.releasePartitions(partitionIds)
  }

  /** Nobody wants to hear of those of the job's tasks that are here now. */
  stopReporting(jobId: string): void {
    for (const entry of this.entriesOf(jobId)) entry.stopReporting()
  }

  /** Nobody wants to hear of the job's tasks any more. */
  removeJob(jobId: string): void {
    this.#removedJobs.add(jobId)
    this.stopReporting(jobId)
    this.#releaseJob(jobId)
  }

  #fetchAndLaunch(
    entry: TaskEntry,
    deployment: Omit<TaskDeployment, 'bundlePath'>,
    bundleKey: string,
  ): void {
    const { blobCache, mainThread, blobServer } = this.#options
    const server = blobServer()
    const fetched =
      server === undefined
        ? Promise.reject(new Error('No BlobServer is known: not registered at a ResourceManager'))
        : blobCache.fetch(entry.jobId, bundleKey, server)
    fetched.then(
      (bundlePath) => mainThread.execute(() => this.#launch(entry, { ...deployment, bundlePath })),
      (error) => mainThread.execute(() => entry.failBeforeLaunch(error)),
    )
  }

  #launch(entry: TaskEntry, deployment: TaskDeployment): void {
    try {
      entry.launch(this.#options.launcher, deployment)
    } catch (error) {
      entry.failBeforeLaunch(error)
    }
  }

  #remove(
    entry: TaskEntry,
    { producedPartitions }: Pick<TaskDeployment, 'producedPartitions'>,
  ): void {
    const { jobId, executionAttemptId, isFinished } = entry
    this.#entries.delete(executionAttemptId)
    if (isFinished && producedPartitions.length > 0) {
      const results = this.#results.get(jobId) ?? new Set()
      for (const { partitionId } of producedPartitions) results.add(partitionId)
      this.#results.set(jobId, results)
    }
    this.#releaseJob(jobId)
  }

  #releaseJob(jobId: string): void {
    if (!this.#removedJobs.has(jobId) || this.entriesOf(jobId).length > 0) return
    this.#removedJobs.delete(jobId)
    const { blobCache, log, releasePartitions } = this.#options
    releasePartitions([...(this.#results.get(jobId) ?? [])])
    this.#results.delete(jobId)
    blobCache.releaseJob(jobId).catch((error) => {
      // The folder goes with the process at the latest.
      log.warn('Could not delete the blobs of a job', { jobId, error })
    })
  }
}
