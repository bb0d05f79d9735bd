import { FlinkError, type Random } from '@flink-ts/core'
import type {
  ApplicationStatus,
  ResourceEventHandler,
  ResourceManagerDriver,
  WorkerHandle,
  WorkerRequestOptions,
} from '@flink-ts/runtime'
import {
  type ClusterManager,
  type ClusterManagerOptions,
  type ContainerFaults,
  RELIABLE_CONTAINERS,
} from './cluster-manager.js'
import type { SimulatedProcess } from './simulated-process.js'

interface Container {
  readonly handle: WorkerHandle
  /** Of its TaskManager, once that has started. */
  number: number | undefined
}

/** A cluster manager that starts TaskManagers, for all JobManagers of a simulated cluster. */
export class SimulatedClusterManager implements ClusterManager {
  readonly #options: ClusterManagerOptions
  readonly #random: Random
  readonly #containers = new Map<string, Container>()
  #connected:
    | { readonly process: SimulatedProcess; readonly handler: ResourceEventHandler }
    | undefined
  #nextContainer = 1
  #finalStatus: ApplicationStatus | undefined
  /** Exchange it at any time. */
  faults: ContainerFaults = RELIABLE_CONTAINERS

  constructor(options: ClusterManagerOptions) {
    this.#options = options
    this.#random = options.world.forkRandom()
  }

  /** Resource ids of containers that were not released and have not ended. */
  get containers(): readonly string[] {
    return [...this.#containers.keys()]
  }

  /** How the application ended, as it was told first; undefined: it goes on. */
  get finalStatus(): ApplicationStatus | undefined {
    return this.#finalStatus
  }

  driverOf(process: SimulatedProcess): ResourceManagerDriver {
    return {
      name: 'simulated',
      canStartWorkers: true,
      initialize: async (handler) => {
        this.#connected = { process, handler }
        this.#after(50, () => {
          if (this.#connected?.handler !== handler) return
          const recovered = [...this.#containers.values()].map(({ handle }) => handle)
          handler.onPreviousAttemptWorkersRecovered(recovered)
        })
      },
      requestResource: (_spec, options) => this.#request(process, options),
      releaseResource: ({ resourceId }) => {
        // What the remains of a dead process do has no effect.
        if (process.isRunning) this.#end(resourceId)
      },
      deregisterApplication: async (status) => {
        this.#finalStatus ??= status
        for (const resourceId of this.containers) this.#end(resourceId)
      },
      terminate: async () => {
        if (this.#connected?.process === process) this.#connected = undefined
      },
    }
  }

  heal(): void {
    this.faults = RELIABLE_CONTAINERS
  }

  close(): void {}

  /** A TaskManager has ended by itself; the driver is told, sometimes twice. */
  workerEnded(number: number): void {
    for (const [resourceId, container] of this.#containers) {
      if (container.number !== number) continue
      this.#containers.delete(resourceId)
      this.#tellEnded(resourceId, 'killed')
      if (this.#happens('end of container told twice', this.faults.duplicated)) {
        this.#tellEnded(resourceId, 'killed, again')
      }
    }
  }

  async #request(
    process: SimulatedProcess,
    { signal }: WorkerRequestOptions,
  ): Promise<WorkerHandle> {
    const isLate = this.#happens('container late', this.faults.late)
    const delayMs = this.#random.next() * (isLate ? 120_000 : 2_000)
    const isRefused = this.#happens('container refused', this.faults.refused)
    return await new Promise<WorkerHandle>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(containerError('the request was taken back')))
      this.#after(delayMs, () => {
        if (signal.aborted || !process.isRunning) return
        if (isRefused) reject(containerError('the cluster manager refuses a container'))
        else resolve(this.#grant())
      })
    })
  }

  #grant(): WorkerHandle {
    const container = this.#newContainer()
    const { resourceId } = container.handle
    if (this.#happens('container lost', this.faults.lost)) {
      const isTold = this.#random.next() < 0.5
      this.#containers.delete(resourceId)
      if (isTold) this.#after(5_000, () => this.#tellEnded(resourceId, 'it did not come up'))
      return container.handle
    }
    this.#launch(container)
    if (this.#happens('container duplicated', this.faults.duplicated))
      this.#launch(this.#newContainer())
    return container.handle
  }

  #newContainer(): Container {
    const number = this.#nextContainer++
    const resourceId = `container-${number}` as WorkerHandle['resourceId']
    const container = { handle: { resourceId, nodeId: `node-${number % 3}` }, number: undefined }
    this.#containers.set(resourceId, container)
    return container
  }

  #launch(container: Container): void {
    const { resourceId } = container.handle
    this.#after(500, () => {
      if (this.#containers.get(resourceId) !== container) return
      void this.#options.startWorker(resourceId).then((number) => {
        container.number = number
        // Released while it started.
        if (!this.#containers.has(resourceId)) this.#options.stopWorker(number)
      })
    })
  }

  #end(resourceId: string): void {
    const container = this.#containers.get(resourceId)
    if (container === undefined) return
    this.#containers.delete(resourceId)
    this.#options.world.trace.add('manager', `ends ${resourceId}`)
    if (container.number !== undefined) this.#options.stopWorker(container.number)
  }

  #tellEnded(resourceId: string, diagnostics: string): void {
    this.#after(200, () =>
      this.#connected?.handler.onWorkerTerminated(
        resourceId as WorkerHandle['resourceId'],
        diagnostics,
      ),
    )
  }

  /** Up to `maxMs` from now. */
  #after(maxMs: number, action: () => void): void {
    this.#options.world.time.schedule(this.#random.next() * maxMs, action)
  }

  #happens(kind: string, probability: number): boolean {
    if (probability === 0 || this.#random.next() >= probability) return false
    this.#options.world.faults.add(kind)
    return true
  }
}

function containerError(reason: string): FlinkError {
  return new FlinkError(`No container was started: ${reason}`, {
    code: 'FLINK_SIMULATED_CONTAINER',
    retriable: true,
  })
}
