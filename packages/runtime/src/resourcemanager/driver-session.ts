import type { Clock, Logger, ResourceId } from '@flink-ts/core'
import type { MainThreadExecutor } from '@flink-ts/rpc'
import type { VersionedStore } from '../highavailability/store/versioned-store.js'
import type { ApplicationStatus } from '../messages/messages.generated.js'
import { ActiveWorkers, type ActiveWorkersSettings } from './active/active-workers.js'
import type {
  ResourceEventHandler,
  ResourceManagerDriver,
  WorkerHandle,
  WorkerResourceSpec,
} from './resource-manager-driver.js'

export interface DriverSessionOptions {
  readonly driver: ResourceManagerDriver
  /** Undefined: the driver starts no workers. */
  readonly spec: WorkerResourceSpec | undefined
  readonly settings: ActiveWorkersSettings
  readonly mainThread: MainThreadExecutor
  readonly clock: Clock
  readonly log: Logger
  readonly blockedNodes: () => ReadonlySet<string>
  readonly onWorkerGone: (resourceId: string, cause: Error, isIntended: boolean) => void
  /** The driver says so; of whichever worker. */
  readonly onWorkerEnded: (resourceId: string, diagnostics: string) => void
  /** `workers.hindrance` is another one. */
  readonly onHindrance: () => void
  readonly onFatalError: (error: unknown) => void
}

/** A driver in the hands of its ResourceManager, for as long as that one leads. */
export class DriverSession {
  readonly #options: DriverSessionOptions
  readonly #workers: ActiveWorkers | undefined
  #initialized: Promise<unknown> | undefined
  #deregistered: Promise<void> | undefined
  #isClosed = false

  constructor(options: DriverSessionOptions) {
    this.#options = options
    const { spec, onWorkerGone: onGone } = options
    if (spec !== undefined) this.#workers = new ActiveWorkers({ ...options, spec, onGone })
  }

  /** Undefined: the driver starts none. */
  get workers(): ActiveWorkers | undefined {
    return this.#workers
  }

  /**
   * @param after the session before this one has ended then
   * @param store of the term of leadership
   */
  async start(after: Promise<unknown>, store: VersionedStore): Promise<void> {
    await after
    if (this.#isClosed) return
    const { driver, mainThread, onFatalError } = this.#options
    const inSession = (action: () => void) =>
      mainThread.execute(() => (this.#isClosed ? undefined : action()))
    const handler: ResourceEventHandler = {
      onPreviousAttemptWorkersRecovered: (workers: readonly WorkerHandle[]) =>
        inSession(() => this.#workers?.recovered(workers)),
      onWorkerTerminated: (resourceId: ResourceId, diagnostics: string) =>
        inSession(() => {
          this.#options.onWorkerEnded(resourceId, diagnostics)
          this.#workers?.terminated(resourceId, diagnostics)
        }),
      onRequestsHindered: (why) => inSession(() => this.#workers?.hindered(why)),
      onError: (error) => {
        if (!this.#isClosed) onFatalError(error)
      },
    }
    this.#initialized = driver.initialize(handler, store)
    await this.#initialized
  }

  /**
   * Whether the TaskManager is one of this cluster: waits until workers of an earlier attempt are known.
   * Where nobody starts workers, all are.
   */
  async accepts(resourceId: string): Promise<boolean> {
    if (this.#workers === undefined) return true
    if (!this.#workers.has(resourceId)) await this.#workers.known
    return this.#workers.has(resourceId)
  }

  /** No worker is requested from now on. The first call counts. */
  deregister(status: ApplicationStatus, diagnostics: string): Promise<void> {
    this.#workers?.end()
    this.#deregistered ??= this.#options.driver.deregisterApplication(status, diagnostics)
    return this.#deregistered
  }

  /** Resolves when the driver may be used for another session. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#workers?.close()
    if (this.#initialized === undefined) return
    // Whoever started it is told that it failed.
    await this.#initialized.catch(() => {})
    await this.#options.driver.terminate()
  }
}
