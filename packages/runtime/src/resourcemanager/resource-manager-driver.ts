import type { Clock, Configuration, Logger, Random, ResourceId } from '@flink-ts/core'
import type { VersionedStore } from '../highavailability/store/versioned-store.js'
import type { ApplicationStatus, ResourceProfile } from '../messages/messages.generated.js'

/** What a worker (TaskManager process) must have. Memory in bytes. */
export interface WorkerResourceSpec {
  readonly cpuCores: number
  /** Total memory of the process: what a container must be given. */
  readonly totalProcessBytes: number
  readonly numberOfSlots: number
  /** Of each of its equal slots. */
  readonly slotProfile: ResourceProfile
  /** Of all that slots may be carved out of; external resources (GPUs and the like) are in it. */
  readonly totalProfile: ResourceProfile
  /**
   * Configuration with which a TaskManager is exactly so large. It goes over the cluster's configuration,
   * as `-D key=value` of the TaskManager's start, together with `taskmanager.resource-id`.
   */
  readonly dynamicProperties: Readonly<Record<string, string>>
}

/** A worker that was granted, or that still runs from an earlier attempt of the application. */
export interface WorkerHandle {
  /** The TaskManager registers under this id: its driver passes it as `taskmanager.resource-id`. */
  readonly resourceId: ResourceId
  /** The machine that it runs on, if the cluster manager tells. The blocklist names machines. */
  readonly nodeId?: string
}

/** What goes with a request for a worker. */
export interface WorkerRequestOptions {
  /**
   * Aborted when the worker is not wanted any more. A driver should take its request back and reject;
   * one that grants the worker all the same gets it released at once.
   */
  readonly signal: AbortSignal
  /** Machines that the worker must not run on. */
  readonly blockedNodes: ReadonlySet<string>
}

/**
 * What a driver tells its ResourceManager, from whichever turn of the event loop. Nothing may be told
 * before `initialize` was called nor after `terminate` has resolved; what is told then is ignored.
 */
export interface ResourceEventHandler {
  /**
   * Workers of an earlier attempt of the application that still run. Told with an empty list if
   * there are none, before `initialize` resolves or soon after; while it is not told, the ResourceManager
   * waits for it up to `resourcemanager.previous-worker.recovery.timeout`. Those that turn up later, as when the cluster manager was
   * itself restarted, are told of in further calls.
   */
  onPreviousAttemptWorkersRecovered(workers: readonly WorkerHandle[]): void
  /**
   * A granted or recovered worker has ended, is about to, or never came up. Not needed for those that were released;
   * may be repeated. A replacement is the ResourceManager's to ask for.
   *
   * @param diagnostics for people: exit code or signal and what it means, the cluster manager's words
   */
  onWorkerTerminated(resourceId: ResourceId, diagnostics: string): void
  /**
   * Requests that were not answered wait longer than they should. Jobs that wait for slots say so. Each call replaces what was told
   * before. Need not be there.
   *
   * @param why for people: what is short, and what there is instead; undefined: nothing hinders them any more
   */
  onRequestsHindered?(why: string | undefined): void
  /** The driver cannot go on, as when its session with the cluster manager is lost: the process ends. */
  onError(error: Error): void
}

/**
 * Everything that a cluster manager must do for the ResourceManager; the one interface that support for
 * another cluster manager implements. A driver holds no policy: which and how many workers, retries,
 * pauses, time limits and blocked machines are the ResourceManager's.
 *
 * Life cycle: `initialize` when its ResourceManager becomes the leader, `terminate` when it stops leading
 * or closes; then `initialize` may come again. All other calls come in between. Calls are never
 * concurrent, but `requestResource` is called again before earlier requests were answered.
 */
export interface ResourceManagerDriver {
  readonly name: string
  /**
   * Whether it can start workers at all. False: the cluster has the TaskManagers that somebody starts, none
   * is requested or released, and JobMasters wait `resourcemanager.standalone.start-up-time` for slots.
   */
  readonly canStartWorkers: boolean
  /**
   * Connects to the cluster manager and finds workers of an earlier attempt.
   *
   * @param store what the driver keeps for the next leader, in entries of its own; writes are refused with
   *   `LeadershipLostError` when this leadership is over. Without high availability it is gone with the process.
   * @throws if it cannot: the process ends
   */
  initialize(handler: ResourceEventHandler, store: VersionedStore): Promise<void>
  /**
   * Asks for one worker. Resolves when it was granted; the TaskManager then registers by
   * itself, and must not do so before (it is refused then, as one that nobody asked for, and tries again
   * after a while). There is no time limit: the answer may take as long as the
   * cluster manager takes. Any order of answers is fine.
   *
   * @throws if it was refused or cannot be started; counts as a failed start, and the ResourceManager asks
   *   again, with limits (`resourcemanager.start-worker.*`)
   */
  requestResource(spec: WorkerResourceSpec, options: WorkerRequestOptions): Promise<WorkerHandle>
  /** Ends a worker that was granted or recovered; one that has ended already is ignored. */
  releaseResource(worker: WorkerHandle): void
  /**
   * The TaskManager of a worker said goodbye, or its connection broke: a driver that can find out why, before the
   * cluster manager tells it, does so and tells by `onWorkerTerminated`. Failures wait 5 s at most for that. Need not be there.
   */
  workerDisconnected?(worker: WorkerHandle): void
  /**
   * The application ends with this status: tells the cluster manager and ends all workers. The last call
   * before `terminate`; not called when leadership is lost.
   */
  deregisterApplication(status: ApplicationStatus, diagnostics: string): Promise<void>
  /** Ends the connection to the cluster manager. Workers go on: the next leader recovers them. */
  terminate(): Promise<void>
}

/** The world that a driver is handed. */
export interface ResourceManagerDriverContext {
  /** Of the JobManager, with what was given on its command line. */
  readonly configuration: Configuration
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /**
   * A folder of the JobManager process for temporary files, gone with the process. Absent where there is
   * no process, as in a simulation.
   */
  readonly folder?: string
  /** Path of the module with which a TaskManager process starts on this machine; absent without processes. */
  readonly taskManagerMain?: string
  /** Where this JobManager listens, as soon as it does; absent without processes. */
  readonly addresses?: () => Promise<JobManagerAddresses>
  /**
   * Tells the person who watches the console of the JobManager something in one line, beside the log: that the cluster manager
   * is there, or cannot be reached. Absent where nobody watches.
   */
  readonly tell?: (line: string) => void
}

/** Each `host:port`, as others reach it. */
export interface JobManagerAddresses {
  readonly rpc: string
  readonly rest: string
}

/** The export `createResourceManagerDriver` of every driver package. */
export type ResourceManagerDriverFactory = (
  context: ResourceManagerDriverContext,
) => ResourceManagerDriver | Promise<ResourceManagerDriver>
