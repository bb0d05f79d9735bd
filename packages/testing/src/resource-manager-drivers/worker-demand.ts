import assert from 'node:assert/strict'
import type { Clock } from '@flink-ts/core'
import type {
  ResourceEventHandler,
  ResourceManagerDriver,
  VersionedStore,
  WorkerHandle,
  WorkerResourceSpec,
} from '@flink-ts/runtime'
import { workerSpec } from './worker-spec.js'

/** A TaskManager whose heartbeats stay out for so long is released. */
const SILENCE_MS = 50_000

/** The driver of a ResourceManager that leads. */
export interface DriverTerm {
  readonly driver: ResourceManagerDriver
  readonly store: VersionedStore
  /** Whether its process still hears what the driver tells. Default: it does. */
  readonly isAlive?: () => boolean
}

export interface WorkerDemandOptions {
  readonly clock: Clock
  /** Of the next worker, told how many are asked for, with this one. Default: {@link workerSpec}. */
  readonly specOf?: (openRequests: number) => WorkerResourceSpec
  /**
   * Whether a worker's process runs: one that does not for 50 s is released, as by its heartbeats. Default: nobody but the
   * driver tells of ends.
   */
  readonly isRunning?: (id: string) => boolean
  /** Whether nothing is asked for before `initialize` has resolved. Default: false, it is asked for at once. */
  readonly waitsForDriver?: boolean
}

/**
 * What a ResourceManager does with its driver: it holds as many workers as are {@link needed}. It notes as
 * {@link problems} what no driver may do, in whichever weather: end a worker twice, or grant one twice or after its end.
 */
export class WorkerDemand {
  readonly #options: WorkerDemandOptions
  /** Workers by id, and since when they are silent. */
  readonly #held = new Map<string, { silentSinceMs: number | undefined }>()
  readonly #requests = new Set<AbortController>()
  readonly #ended = new Set<string>()
  readonly problems: string[] = []
  needed = 0
  #driver: ResourceManagerDriver | undefined
  #mayAsk = false
  #term = 0

  constructor(options: WorkerDemandOptions) {
    this.#options = options
  }

  /** Ids of the workers that it has, sorted. */
  get held(): string[] {
    return [...this.#held.keys()].sort()
  }

  /**
   * A term begins, with no worker but those that the driver finds.
   *
   * @throws what `initialize` throws
   */
  async lead({ driver, store, isAlive = () => true }: DriverTerm): Promise<void> {
    const term = ++this.#term
    this.#driver = driver
    this.#mayAsk = !this.#options.waitsForDriver
    this.#held.clear()
    const ifPresent =
      <A extends unknown[]>(listener: (...args: A) => void) =>
      (...args: A) => {
        if (term === this.#term && isAlive()) listener(...args)
      }
    const handler: ResourceEventHandler = {
      onPreviousAttemptWorkersRecovered: ifPresent((workers) => {
        for (const { resourceId } of workers) this.#hold(resourceId)
      }),
      onWorkerTerminated: ifPresent((id) => {
        if (this.#ended.has(id)) this.problems.push(`${id} ended twice`)
        this.#ended.add(id)
        this.#held.delete(id)
      }),
      onError: ifPresent((error) => void this.problems.push(error.message)),
    }
    await driver.initialize(handler, store)
    if (term === this.#term) this.#mayAsk = true
  }

  /** The term ends in good order. @returns when the driver has terminated */
  async stopLeading(): Promise<void> {
    this.#term++
    for (const request of this.#requests) request.abort()
    this.#requests.clear()
    const driver = this.#driver
    this.#driver = undefined
    await driver?.terminate()
  }

  /** The process has died: its driver is not spoken to any more. */
  abandon(): void {
    this.#term++
    this.#requests.clear()
    this.#driver = undefined
  }

  /** Whoever leads next does not know which ends were told: one may be told again. */
  forgetEnds(): void {
    this.#ended.clear()
  }

  /** Asks for what is missing, gives back what is too much, and what is silent. */
  reconcile(): void {
    if (this.#driver === undefined || !this.#mayAsk) return
    this.#releaseSilent()
    while (this.#held.size + this.#requests.size > this.needed) {
      const [request] = this.#requests
      if (request !== undefined) {
        request.abort()
        this.#requests.delete(request)
      } else this.#release([...this.#held.keys()][0]!)
    }
    while (this.#held.size + this.#requests.size < this.needed) this.#request(this.#driver)
  }

  /**
   * @param running ids of the workers that the cluster manager runs
   * @throws AssertionError unless they are those that are held, as many as are needed, and nothing was wrong
   */
  check(running: readonly string[]): void {
    const { held } = this
    assert.deepEqual(this.problems, [])
    assert.equal(held.length, this.needed, 'as many workers as are needed')
    assert.deepEqual([...running].sort(), held, 'just those run that are held')
    for (const id of held) assert(!this.#ended.has(id), 'those that are held have not ended')
  }

  #hold(id: string): void {
    this.#held.set(id, { silentSinceMs: undefined })
  }

  #releaseSilent(): void {
    const { clock, isRunning } = this.#options
    if (isRunning === undefined) return
    const nowMs = clock.monotonicNow()
    for (const [id, worker] of this.#held) {
      if (isRunning(id)) worker.silentSinceMs = undefined
      else worker.silentSinceMs ??= nowMs
      if (nowMs - (worker.silentSinceMs ?? nowMs) > SILENCE_MS) this.#release(id)
    }
  }

  #release(id: string): void {
    this.#held.delete(id)
    this.#driver?.releaseResource({ resourceId: id } as WorkerHandle)
  }

  #request(driver: ResourceManagerDriver): void {
    const { specOf = () => workerSpec() } = this.#options
    const abort = new AbortController()
    const term = this.#term
    this.#requests.add(abort)
    driver
      .requestResource(specOf(this.#requests.size), {
        signal: abort.signal,
        blockedNodes: new Set(),
      })
      .then(
        ({ resourceId }) => {
          // The next term is told of it as of any worker that runs.
          if (term !== this.#term) return
          if (abort.signal.aborted) {
            driver.releaseResource({ resourceId })
            return
          }
          if (this.#ended.has(resourceId)) this.problems.push(`${resourceId} granted after its end`)
          if (this.#held.has(resourceId)) this.problems.push(`${resourceId} granted twice`)
          this.#requests.delete(abort)
          this.#hold(resourceId)
        },
        () => void this.#requests.delete(abort),
      )
  }
}
