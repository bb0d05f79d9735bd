import type { Clock } from '@flink-ts/core'
import type { ExecutionGraphInfo } from '../jobmaster/info/execution-graph-info.js'

export interface CompletedJobsOptions {
  readonly clock: Clock
  /** `completed-application-store.max-capacity`. */
  readonly maxCapacity: number
  /** `completed-application-store.expiration-time`. */
  readonly expirationMs: number
}

/** Jobs that have ended, as long as they are remembered: the oldest are forgotten first. */
export class CompletedJobs {
  readonly #options: CompletedJobsOptions
  /** In the order in which they ended. */
  readonly #jobs = new Map<string, { info: ExecutionGraphInfo; expiresAt: number }>()

  constructor(options: CompletedJobsOptions) {
    this.#options = options
  }

  put(info: ExecutionGraphInfo): void {
    const { clock, expirationMs, maxCapacity } = this.#options
    this.#jobs.delete(info.jobId)
    this.#jobs.set(info.jobId, { info, expiresAt: clock.monotonicNow() + expirationMs })
    this.#forgetExpired()
    for (const jobId of this.#jobs.keys()) {
      if (this.#jobs.size <= maxCapacity) break
      this.#jobs.delete(jobId)
    }
  }

  get(jobId: string): ExecutionGraphInfo | undefined {
    this.#forgetExpired()
    return this.#jobs.get(jobId)?.info
  }

  get all(): ExecutionGraphInfo[] {
    this.#forgetExpired()
    return [...this.#jobs.values()].map(({ info }) => info)
  }

  #forgetExpired(): void {
    const now = this.#options.clock.monotonicNow()
    for (const [jobId, { expiresAt }] of this.#jobs) {
      if (expiresAt > now) break
      this.#jobs.delete(jobId)
    }
  }
}
