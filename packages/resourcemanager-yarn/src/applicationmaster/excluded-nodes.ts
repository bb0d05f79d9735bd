import type { Clock, Logger } from '@flink-ts/core'

/** How long a machine gets no new container after it could not start one. */
const EXCLUSION_MS = 60_000

/**
 * Machines on which no container is wanted: those that the ResourceManager of the cluster has blocked, and for a while those that failed
 * to start one.
 */
export class ExcludedNodes {
  readonly #clock: Clock
  readonly #log: Logger
  #blocked: ReadonlySet<string> = new Set()
  /** Host, and until when, by the monotonic clock. */
  readonly #failed = new Map<string, number>()
  /** What YARN has been told. */
  readonly #told = new Set<string>()

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock
    this.#log = log
  }

  block(hosts: ReadonlySet<string>): void {
    this.#blocked = hosts
  }

  /** @param numClusterNodes machines of the cluster, as far as known: the last one of them stays */
  startFailed(host: string, numClusterNodes: number): void {
    this.#failed.delete(host)
    this.#failed.set(host, this.#clock.monotonicNow() + EXCLUSION_MS)
    this.#log.warn('A node gets no new container for a while', { host, forMs: EXCLUSION_MS })
    for (const oldest of this.#failed.keys()) {
      if (this.#hosts().size < Math.max(1, numClusterNodes)) break
      this.#failed.delete(oldest)
    }
  }

  get hosts(): readonly string[] {
    return [...this.#hosts()]
  }

  has(host: string): boolean {
    return this.#hosts().has(host)
  }

  get hasChanges(): boolean {
    const { additions, removals } = this.#changes()
    return additions.length + removals.length > 0
  }

  /** What YARN must be told; it counts as told from now on. */
  takeChanges(): { additions: string[]; removals: string[] } {
    const changes = this.#changes()
    for (const host of changes.additions) this.#told.add(host)
    for (const host of changes.removals) this.#told.delete(host)
    return changes
  }

  /** What was told did not count. */
  notTold(additions: readonly string[], removals: readonly string[]): void {
    for (const host of additions) this.#told.delete(host)
    for (const host of removals) this.#told.add(host)
  }

  /** YARN has forgotten all of them. */
  forgotten(): void {
    this.#told.clear()
  }

  #changes(): { additions: string[]; removals: string[] } {
    const wanted = this.#hosts()
    return {
      additions: [...wanted].filter((host) => !this.#told.has(host)),
      removals: [...this.#told].filter((host) => !wanted.has(host)),
    }
  }

  #hosts(): Set<string> {
    const now = this.#clock.monotonicNow()
    for (const [host, until] of this.#failed) if (until <= now) this.#failed.delete(host)
    return new Set([...this.#blocked, ...this.#failed.keys()])
  }
}
