import type { CancelTimer, Clock, Logger } from '@flink-ts/core'
import type { MainThreadExecutor } from '@flink-ts/rpc'
import type {
  ResourceManagerDriver,
  WorkerHandle,
  WorkerResourceSpec,
} from '../resource-manager-driver.js'
import { Hindrance } from './hindrance.js'
import { StartFailures } from './start-failures.js'
import { Worker } from './worker.js'

/** Times in milliseconds. */
export interface ActiveWorkersSettings {
  /** `resourcemanager.start-worker.max-failure-rate`, per minute. */
  readonly maxStartFailureRate: number
  /** `resourcemanager.start-worker.retry-interval` */
  readonly retryIntervalMs: number
  /** `resourcemanager.taskmanager-registration.timeout` */
  readonly registrationTimeoutMs: number
  /** `resourcemanager.previous-worker.recovery.timeout` */
  readonly recoveryTimeoutMs: number
}

/** Flink's defaults. */
export const DEFAULT_ACTIVE_WORKERS_SETTINGS: ActiveWorkersSettings = {
  maxStartFailureRate: 10,
  retryIntervalMs: 3_000,
  registrationTimeoutMs: 300_000,
  recoveryTimeoutMs: 0,
}

export interface ActiveWorkersOptions {
  readonly driver: ResourceManagerDriver
  readonly spec: WorkerResourceSpec
  readonly settings: ActiveWorkersSettings
  readonly mainThread: MainThreadExecutor
  readonly clock: Clock
  readonly log: Logger
  readonly blockedNodes: () => ReadonlySet<string>
  /**
   * A worker is not there any more, or is about to end; its TaskManager may still be registered.
   *
   * @param isIntended it is not needed any more: nothing is wrong
   */
  readonly onGone: (resourceId: string, cause: Error, isIntended: boolean) => void
  /** `hindrance` is another one. */
  readonly onHindrance: () => void
}

/**
 * Holds as many workers as are declared to be needed: starts those that are missing, releases what is too
 * much (Flink's ActiveResourceManager). Knows all that was requested, started or recovered since its
 * ResourceManager leads.
 */
export class ActiveWorkers {
  readonly #options: ActiveWorkersOptions
  readonly #workers = new Set<Worker>()
  readonly #byId = new Map<string, Worker>()
  readonly #failures: StartFailures
  #needed = 0
  #cancelPause: CancelTimer | undefined
  #cancelRecovery: CancelTimer | undefined
  /** Resolved when workers of an earlier attempt are known, or their time is over. */
  readonly #known = deferred()
  #areKnown = false
  #isEnding = false
  readonly #hindrance: Hindrance

  constructor(options: ActiveWorkersOptions) {
    this.#options = options
    this.#hindrance = new Hindrance(options.onHindrance)
    this.#failures = new StartFailures(options.clock, options.settings.maxStartFailureRate)
    this.#awaitRecovery()
  }

  /** Resolves when the driver has told of the workers of an earlier attempt. */
  get known(): Promise<unknown> {
    return this.#known.promise
  }

  /** Started or recovered, whether registered or not. */
  has(resourceId: string): boolean {
    return this.#byId.has(resourceId)
  }

  /** Why workers that are needed are not there yet, for people; undefined: nothing is known. */
  get hindrance(): string | undefined {
    return this.#hindrance.text
  }

  /** The driver says so of its requests. @param why undefined: nothing hinders them any more */
  hindered(why: string | undefined): void {
    this.#hindrance.told(why)
  }

  /** The application ends: none is requested from now on, and requests are taken back. The driver ends those that run. */
  end(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    this.#cancelPause?.()
    this.#cancelPause = undefined
    for (const worker of [...this.#workers]) {
      if (worker.state !== 'REQUESTED') continue
      this.#remove(worker)
      worker.abort.abort()
    }
  }

  /**
   * Workers of an earlier attempt stay until their TaskManagers have registered: until then nobody knows what they hold, and the
   * jobs that they run tasks of may not have come back.
   *
   * @param unwanted the first to go
   */
  declare(needed: number, unwanted: readonly string[]): void {
    if (this.#isEnding) return
    this.#needed = needed
    let surplus = this.#workers.size - needed
    const first = unwanted.flatMap((resourceId) => this.#byId.get(resourceId) ?? [])
    const inDoubt = this.#unregisteredRecovered
    for (const worker of surplus > 0 ? this.#inReleaseOrder(first) : []) {
      // Those that are needed are registered ones, rather than those that nobody has heard of yet.
      const isKept = worker.state === 'REGISTERED' && !first.includes(worker)
      if (surplus <= (isKept ? inDoubt : 0)) break
      surplus--
      this.#release(worker, 'it is not needed any more', true)
    }
    this.#startMissing()
    const areAllThere = [...this.#workers].every(({ state }) => state === 'REGISTERED')
    // Whoever needs more of them later has nothing to do with it.
    if (areAllThere && this.#workers.size >= needed) this.#hindrance.noneIsMissing()
  }

  recovered(handles: readonly WorkerHandle[]): void {
    const { log, settings, mainThread } = this.#options
    const resourceIds = handles.map(({ resourceId }) => resourceId)
    if (resourceIds.length > 0) log.info('Workers of an earlier attempt run', { resourceIds })
    for (const handle of handles) {
      if (this.#byId.has(handle.resourceId)) continue
      const worker = new Worker(log, handle)
      this.#workers.add(worker)
      this.#byId.set(handle.resourceId, worker)
      this.#awaitRegistration(worker)
    }
    this.#areKnown = true
    this.#known.resolve(undefined)
    this.#cancelRecovery?.()
    this.#cancelRecovery = undefined
    if (this.#unregisteredRecovered === 0 || settings.recoveryTimeoutMs === 0) this.#startMissing()
    else {
      this.#cancelRecovery = mainThread.schedule(settings.recoveryTimeoutMs, () => {
        this.#cancelRecovery = undefined
        log.info('Workers of an earlier attempt did not register in time', {
          workers: this.#unregisteredRecovered,
        })
        this.#startMissing()
      })
    }
  }

  registered(resourceId: string): void {
    this.#byId.get(resourceId)?.transitionTo('REGISTERED')
    this.#hindrance.registered()
    this.#recoveryMayBeOver()
  }

  /** The driver says so. */
  terminated(resourceId: string, diagnostics: string): void {
    const worker = this.#byId.get(resourceId)
    const cause = new Error(`The worker of TaskManager ${resourceId} ended: ${diagnostics}`)
    if (worker === undefined) {
      // One whose connection broke may be released before the driver knows why it ended.
      this.#options.log.info('A worker ended', { resourceId, state: 'RELEASED', diagnostics })
      return
    }
    const { state } = worker
    this.#remove(worker)
    if (this.#isEnding) {
      this.#options.log.info('A worker ended', { resourceId, state, diagnostics })
      this.#options.onGone(resourceId, cause, true)
      return
    }
    this.#options.log.warn('A worker ended', { resourceId, state, diagnostics })
    if (state === 'STARTED') this.#startFailed(diagnostics)
    this.#options.onGone(resourceId, cause, false)
    this.#recoveryMayBeOver()
    this.#startMissing()
  }

  /** The connection of its TaskManager broke: it has to register again within `timeoutMs`. */
  disconnected(resourceId: string, timeoutMs: number): void {
    const worker = this.#byId.get(resourceId)
    if (worker?.state !== 'REGISTERED') return
    worker.transitionTo('RECOVERED')
    this.#options.driver.workerDisconnected?.(worker.handle!)
    this.#awaitRegistration(worker, timeoutMs)
  }

  /** Its TaskManager is lost: what is left of the worker ends, and another one takes its place. */
  lost(resourceId: string): void {
    const worker = this.#byId.get(resourceId)
    if (worker === undefined) return
    this.#release(worker, 'its TaskManager is lost')
    this.#startMissing()
  }

  /** Forgets all; the workers themselves go on. */
  close(): void {
    this.#needed = 0
    this.#cancelPause?.()
    this.#cancelRecovery?.()
    for (const worker of [...this.#workers]) {
      if (worker.state === 'REQUESTED') worker.abort.abort()
      this.#remove(worker)
    }
    this.#known.resolve(undefined)
  }

  get #unregisteredRecovered(): number {
    return [...this.#workers].filter(({ state }) => state === 'RECOVERED').length
  }

  #awaitRecovery(): void {
    const { mainThread, settings, log } = this.#options
    if (settings.recoveryTimeoutMs === 0) return
    this.#cancelRecovery = mainThread.schedule(settings.recoveryTimeoutMs, () => {
      this.#cancelRecovery = undefined
      log.warn('The driver did not tell of workers of an earlier attempt in time')
      this.#areKnown = true
      this.#known.resolve(undefined)
      this.#startMissing()
    })
  }

  #recoveryMayBeOver(): void {
    if (!this.#areKnown || this.#cancelRecovery === undefined) return
    if (this.#unregisteredRecovered > 0) return
    this.#cancelRecovery()
    this.#cancelRecovery = undefined
    this.#startMissing()
  }

  #inReleaseOrder(first: readonly Worker[]): Worker[] {
    const others = (...states: readonly Worker['state'][]) =>
      [...this.#workers].filter((worker) => states.includes(worker.state)).reverse()
    const rest = [...others('REQUESTED'), ...others('STARTED'), ...others('REGISTERED')]
    return [...new Set([...first, ...rest])]
  }

  #startMissing(): void {
    if (this.#isEnding) return
    if (this.#cancelPause !== undefined || this.#cancelRecovery !== undefined) return
    const missing = this.#needed - this.#workers.size
    for (let i = 0; i < missing; i++) this.#request()
  }

  #request(): void {
    const { driver, spec, log, mainThread, blockedNodes } = this.#options
    const worker = new Worker(log)
    this.#workers.add(worker)
    log.info('Requesting a worker', { driver: driver.name, workers: this.#workers.size })
    const { signal } = worker.abort
    driver.requestResource(spec, { signal, blockedNodes: blockedNodes() }).then(
      (handle) => mainThread.execute(() => this.#onGranted(worker, handle)),
      (error) => mainThread.execute(() => this.#onRefused(worker, error)),
    )
  }

  #onGranted(worker: Worker, handle: WorkerHandle): void {
    const { driver, log } = this.#options
    if (!this.#workers.has(worker)) {
      log.info('A worker was granted that is not wanted any more', { ...handle })
      driver.releaseResource(handle)
      return
    }
    worker.transitionTo('STARTED', handle)
    this.#byId.set(handle.resourceId, worker)
    log.info('A worker was granted', { ...handle })
    this.#awaitRegistration(worker)
  }

  #onRefused(worker: Worker, error: unknown): void {
    if (!this.#workers.has(worker)) return
    this.#remove(worker)
    this.#options.log.warn('A worker could not be started', { error })
    this.#startFailed(error instanceof Error ? error.message : String(error))
    this.#startMissing()
  }

  #startFailed(why: string): void {
    this.#hindrance.startFailed(why)
    const { log, settings, mainThread } = this.#options
    if (!this.#failures.add() || this.#cancelPause !== undefined) return
    const { retryIntervalMs, maxStartFailureRate } = settings
    log.warn('Too many workers failed to start: none is started for a while', {
      maxStartFailureRate,
      retryIntervalMs,
    })
    this.#cancelPause = mainThread.schedule(retryIntervalMs, () => {
      this.#cancelPause = undefined
      this.#startMissing()
    })
  }

  #awaitRegistration(
    worker: Worker,
    timeoutMs = this.#options.settings.registrationTimeoutMs,
  ): void {
    worker.cancelTimer = this.#options.mainThread.schedule(timeoutMs, () => {
      const silence = `did not register within ${timeoutMs} ms (resourcemanager.taskmanager-registration.timeout)`
      if (worker.state === 'STARTED') this.#hindrance.startFailed(`it ${silence}`)
      this.#release(worker, `its TaskManager ${silence}`)
      this.#recoveryMayBeOver()
      this.#startMissing()
    })
  }

  #release(worker: Worker, why: string, isIntended = false): void {
    const { driver, log, onGone } = this.#options
    const { handle } = worker
    this.#remove(worker)
    log.info('A worker is released', { resourceId: handle?.resourceId, why })
    if (handle === undefined) {
      worker.abort.abort()
      return
    }
    driver.releaseResource(handle)
    onGone(
      handle.resourceId,
      new Error(`The worker of TaskManager ${handle.resourceId} is released: ${why}`),
      isIntended,
    )
  }

  #remove(worker: Worker): void {
    if (worker.handle !== undefined) this.#byId.delete(worker.handle.resourceId)
    this.#workers.delete(worker)
    worker.transitionTo('GONE')
  }
}

function deferred(): { promise: Promise<unknown>; resolve: (value: unknown) => void } {
  let resolve: (value: unknown) => void = () => {}
  const promise = new Promise((done) => {
    resolve = done
  })
  return { promise, resolve }
}
