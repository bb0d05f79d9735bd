import type { JobManagerAddresses } from '@flink-ts/runtime'

/** Where a JobManager listens, for those that are there before it does. */
export class EventualAddresses {
  readonly promise: Promise<JobManagerAddresses>
  #resolve: (addresses: JobManagerAddresses) => void = () => {}
  #reject: (error: unknown) => void = () => {}
  #areMissing = false

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // Perhaps nobody wants to know.
    this.promise.catch(() => {})
  }

  /** The JobManager could not start. */
  get areMissing(): boolean {
    return this.#areMissing
  }

  known(addresses: JobManagerAddresses): void {
    this.#resolve(addresses)
  }

  /** There will be none; without effect on those that are known. */
  missing(error: unknown): void {
    this.#areMissing = true
    this.#reject(error)
  }
}
