import {
  type Clock,
  type Configuration,
  isHighlyAvailable,
  type Logger,
  MesosOptions,
  type Random,
} from '@flink-ts/core'
import type { FrameworkInfo, MesosScheduler } from '@flink-ts/mesos-client'
import type {
  ApplicationStatus,
  ResourceEventHandler,
  ResourceManagerDriver,
  VersionedStore,
  WorkerHandle,
  WorkerRequestOptions,
  WorkerResourceSpec,
} from '@flink-ts/runtime'
import type { RunningWorkerLauncher } from '../launch/worker-launcher.js'
import { requestWithdrawn, tooManyFailedTasks } from '../tasks/mesos-task-error.js'
import { taskIds } from '../tasks/task-ids.js'
import type { FrameworkIdFile } from './framework-id-file.js'
import { FrameworkTerm, type OfferTakerFactory } from './framework-term.js'
import { RepeatedFailures } from './repeated-failures.js'

export interface MesosResourceManagerDriverOptions {
  readonly configuration: Configuration
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** For the person who watches the console. Default: nobody does. */
  readonly tell?: (line: string) => void
  /** What the framework says of itself, without an id; asked when a term begins. */
  readonly framework: () => Promise<FrameworkInfo>
  /** `mesos.framework-id-file`; used without high availability. */
  readonly idFile?: FrameworkIdFile
  /** One that was not started; asked for each term, and again when the framework was removed. */
  readonly createScheduler: () => Promise<MesosScheduler>
  /** Asked for each term. */
  readonly createOfferTaker: OfferTakerFactory
  /** Started with each term, and closed with it. */
  readonly launcher: RunningWorkerLauncher
}

/**
 * Launches a task of Mesos for each TaskManager that the ResourceManager wants: the JobManager is a framework (ADR 27). What the
 * next leader must know is in the store; while nobody leads, Mesos keeps the tasks for `mesos.failover-timeout`.
 */
export class MesosResourceManagerDriver implements ResourceManagerDriver {
  readonly name = 'mesos'
  readonly canStartWorkers = true
  readonly #options: MesosResourceManagerDriverOptions
  readonly #log: Logger
  readonly #taskIdOf: (taskNumber: number) => string
  readonly #failures: RepeatedFailures
  #term: FrameworkTerm | undefined
  /** Terms that were begun or ended, counted: one that ends while it begins is not begun. */
  #changes = 0
  /** Since the process started. */
  #failedTasks = 0

  constructor(options: MesosResourceManagerDriverOptions) {
    const { configuration, random, clock, tell = () => {} } = options
    this.#options = options
    this.#failures = new RepeatedFailures(clock, tell)
    this.#log = options.log.child({ component: 'MesosResourceManagerDriver' })
    // Without high availability the count is gone with the process, but TaskManagers of the one before may be there.
    this.#taskIdOf = taskIds(isHighlyAvailable(configuration) ? undefined : random.hex(3))
  }

  /**
   * Does not wait for a master: TaskManagers of an earlier leader are told of at once.
   *
   * @throws FlinkError if what is kept cannot be read, the configuration names no master, or nothing could be launched here
   */
  async initialize(handler: ResourceEventHandler, store: VersionedStore): Promise<void> {
    const { configuration, tell = () => {}, idFile, framework, launcher } = this.#options
    const isAvailable = isHighlyAvailable(configuration)
    const change = ++this.#changes
    const launcherStarted = launcher.start()
    // Whoever waits for it is told.
    launcherStarted.catch(() => {})
    const info = await framework()
    if (change !== this.#changes) return
    const term = new FrameworkTerm({
      ...this.#options,
      log: this.#log,
      tell,
      handler,
      store,
      framework: info,
      idFile: isAvailable ? undefined : idFile,
      taskIdOf: this.#taskIdOf,
      onTaskFailed: (diagnostics) => this.#taskFailed(handler, diagnostics),
      launcherStarted,
      isHighlyAvailable: isAvailable,
    })
    this.#term = term
    await term.begin()
    await launcherStarted
  }

  /**
   * Resolves when the task is STARTING or RUNNING.
   *
   * @throws FlinkError FLINK_MESOS_TASK with Mesos' words if it ends before; FLINK_MESOS_REQUEST_WITHDRAWN when the signal is aborted,
   *   or leadership is lost
   */
  async requestResource(
    spec: WorkerResourceSpec,
    options: WorkerRequestOptions,
  ): Promise<WorkerHandle> {
    if (this.#term === undefined) throw requestWithdrawn()
    return this.#term.request(spec, options)
  }

  releaseResource({ resourceId }: WorkerHandle): void {
    this.#term?.release(resourceId)
  }

  /**
   * Resolves when the master has taken the end of the framework, or nothing was heard of one for 20 seconds; 2 if none is known to know the
   * framework.
   */
  async deregisterApplication(status: ApplicationStatus, diagnostics: string): Promise<void> {
    this.#log.info('The cluster ends', { status, diagnostics })
    await this.#term?.tearDown()
  }

  /**
   * Resolves when nothing goes on any more, whatever fails.
   *
   * @throws what failed first
   */
  async terminate(): Promise<void> {
    const term = this.#term
    this.#changes++
    this.#term = undefined
    const ends = await Promise.allSettled([term?.close(), this.#options.launcher.close()])
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }

  #taskFailed(handler: ResourceEventHandler, diagnostics: string): void {
    const maximum = this.#options.configuration.get(MesosOptions.MAX_FAILED_TASKS)
    this.#failedTasks++
    this.#failures.happened(diagnostics)
    if (maximum < 0 || this.#failedTasks <= maximum) return
    handler.onError(tooManyFailedTasks(this.#failedTasks, diagnostics))
  }
}
