import {
  type Configuration,
  FileSystemRegistry,
  FLINK_TS_VERSION,
  type ResourceId,
} from '@flink-ts/core'
import { createResourceManagerDriver } from '@flink-ts/resourcemanager-standalone'
import {
  type ApplicationStatus,
  type ExecutionGraphInfo,
  InMemoryBlobStore,
  type JobManagerServices,
  type ResourceManagerDriver,
  startJobManagerServices,
} from '@flink-ts/runtime'
import type { ModuleCache } from './module-cache.js'
import { SimulatedProcess } from './simulated-process.js'
import type { SimulatedWorld } from './simulated-world.js'

const RPC_PORT = 6123

/** Major version of Node that simulated programs are prepared for. */
export const SIMULATED_NODE_MAJOR = 20

export interface SimulatedJobManagerOptions {
  /** Of the process, which is also its host. */
  readonly name: string
  readonly configuration: Configuration
  readonly modules: ModuleCache
  /** Default: the driver of a standalone cluster. */
  readonly driver: ((process: SimulatedProcess) => ResourceManagerDriver) | undefined
  readonly onJobEnded: (info: ExecutionGraphInfo) => void
  /** Somebody asked for the end of the cluster: {@link SimulatedJobManager.shutDown} is next. */
  readonly onShutDown: (status: ApplicationStatus) => void
}

/** A JobManager process of a simulated cluster. */
export class SimulatedJobManager {
  readonly process: SimulatedProcess
  readonly services: JobManagerServices
  readonly #blobs: { readonly keys: readonly string[] }

  private constructor(
    process: SimulatedProcess,
    services: JobManagerServices,
    blobs: { readonly keys: readonly string[] },
  ) {
    this.process = process
    this.services = services
    this.#blobs = blobs
  }

  /** Where TaskManagers find the JobManager process `name`. */
  static address(name: string): string {
    return `${name}:${RPC_PORT}`
  }

  static async start(
    world: SimulatedWorld,
    options: SimulatedJobManagerOptions,
  ): Promise<SimulatedJobManager> {
    const { name, configuration, driver } = options
    const process = new SimulatedProcess(world, { name, port: RPC_PORT })
    const { clock, random, log, rpcService } = process
    const blobStore = new InMemoryBlobStore()
    const highAvailability = world.coordination?.join(process, process.files)
    const services = await startJobManagerServices({
      configuration,
      clock,
      random,
      log,
      rpcService,
      fileSystems:
        highAvailability === undefined
          ? world.fileSystems
          : new FileSystemRegistry([process.files]),
      resourceId: name as ResourceId,
      blobStore,
      resourceManagerDriver:
        driver?.(process) ?? createResourceManagerDriver({ configuration, clock, random, log }),
      ...(highAvailability === undefined ? {} : { highAvailability }),
      version: { version: FLINK_TS_VERSION, nodeMajor: SIMULATED_NODE_MAJOR },
      moduleLoader: options.modules.load,
      onClusterShutDown: (status) => options.onShutDown(status),
      onJobEnded: options.onJobEnded,
      fatalErrorHandler: (error) =>
        world.violated(`JobManager ${name} failed: ${messageOf(error)}`),
    })
    return new SimulatedJobManager(process, services, blobStore)
  }

  /** Whether this process has found leaders, here or elsewhere. */
  get knowsLeaders(): boolean {
    const { dispatcher, resourceManager } = this.services
    return dispatcher.gateway !== undefined && resourceManager.gateway !== undefined
  }

  /** Blobs that are kept for jobs. */
  get blobKeys(): readonly string[] {
    return this.#blobs.keys
  }

  /** @param ended whether the cluster ends; otherwise jobs are left to another JobManager */
  async close(ended: boolean): Promise<void> {
    await this.shutDown(ended ? 'SUCCEEDED' : undefined)
  }

  /** Ends the process in order, with the cluster if it is told a status. */
  async shutDown(status: ApplicationStatus | undefined): Promise<void> {
    await this.services.close(status)
    await this.process.close()
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
