import type { ContainerId, YarnResource } from '@flink-ts/hadoop-rpc'
import type { WorkerHandle, WorkerResourceSpec } from '@flink-ts/runtime'

/** A worker that is wanted; it is answered once, by a started container or by an error. */
export class ContainerRequest {
  readonly spec: WorkerResourceSpec
  readonly capability: YarnResource
  /** That it was given, while that is being started. */
  containerId: ContainerId | undefined
  readonly granted: Promise<WorkerHandle>
  #resolve: (handle: WorkerHandle) => void = () => {}
  #reject: (error: Error) => void = () => {}

  constructor(spec: WorkerResourceSpec, capability: YarnResource) {
    this.spec = spec
    this.capability = capability
    this.granted = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  grant(handle: WorkerHandle): void {
    this.#resolve(handle)
  }

  refuse(error: Error): void {
    this.#reject(error)
  }
}
