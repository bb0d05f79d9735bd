import type { Clock, Configuration, Logger, Random, ResourceId } from '@flink-ts/core'
import type { ApplicationStatus, ResourceProfile } from '../messages/messages.generated.js'

/** What a worker (TaskManager process) must have. */
export interface WorkerResourceSpec {
  readonly cpuCores: number
  /** Total memory of the process. */
  readonly totalProcessBytes: number
  readonly numberOfSlots: number
  readonly slotProfile: ResourceProfile
}

export interface WorkerHandle {
  readonly resourceId: ResourceId
}

/** What a driver tells its ResourceManager; called in the ResourceManager's own thread. */
export interface ResourceEventHandler {
  /** Workers of an earlier attempt that still run. */
  onPreviousAttemptWorkersRecovered(workers: readonly WorkerHandle[]): void
  onWorkerTerminated(resourceId: ResourceId, diagnostics: string): void
  /** The driver cannot go on: the process ends. */
  onError(error: Error): void
}

/**
 * Everything that a cluster manager must do for the ResourceManager. A driver holds no policy: which and
 * how many workers, retries and pauses are the ResourceManager's.
 */
export interface ResourceManagerDriver {
  readonly name: string
  /** Whether it can start workers at all: false for standalone clusters. */
  readonly canStartWorkers: boolean
  initialize(handler: ResourceEventHandler): Promise<void>
  /**
   * Asks for a worker. Resolves when the worker was granted (it registers later by itself).
   *
   * @throws if it was refused; the ResourceManager asks again, with limits
   */
  requestResource(spec: WorkerResourceSpec): Promise<WorkerHandle>
  releaseResource(worker: WorkerHandle): void
  /** The application ends with this status: tells the cluster manager. */
  deregisterApplication(status: ApplicationStatus, diagnostics: string): Promise<void>
  terminate(): Promise<void>
}

/** The world that a driver is handed. */
export interface ResourceManagerDriverContext {
  readonly configuration: Configuration
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** The export `createResourceManagerDriver` of every driver package. */
export type ResourceManagerDriverFactory = (
  context: ResourceManagerDriverContext,
) => ResourceManagerDriver | Promise<ResourceManagerDriver>
