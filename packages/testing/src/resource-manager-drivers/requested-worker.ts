import type {
  ResourceManagerDriver,
  WorkerHandle,
  WorkerRequestOptions,
  WorkerResourceSpec,
} from '@flink-ts/runtime'

/** One worker that a driver was asked for, as far as its answer has come. */
export class RequestedWorker {
  handle: WorkerHandle | undefined
  error: (Error & { code?: string }) | undefined

  /** Asks for it, with a signal that never comes and no blocked node if nothing else is said. */
  constructor(
    driver: ResourceManagerDriver,
    spec: WorkerResourceSpec,
    options: Partial<WorkerRequestOptions> = {},
  ) {
    const { signal } = new AbortController()
    driver.requestResource(spec, { signal, blockedNodes: new Set(), ...options }).then(
      (handle) => {
        this.handle = handle
      },
      (error) => {
        this.error = error
      },
    )
  }

  /** Empty until it is granted. */
  get id(): string {
    return this.handle?.resourceId ?? ''
  }
}
