import { type Configuration, FLINK_TS_VERSION, type ResourceId } from '@flink-ts/core'
import { createResourceManagerDriver } from '@flink-ts/resourcemanager-standalone'
import {
  type ExecutionGraphInfo,
  InMemoryBlobStore,
  type JobManagerServices,
  startJobManagerServices,
} from '@flink-ts/runtime'
import type { ModuleCache } from './module-cache.js'
import { SimulatedProcess } from './simulated-process.js'
import type { SimulatedWorld } from './simulated-world.js'

export const JOB_MANAGER_NAME = 'jm'
const RPC_PORT = 6123

/** Where TaskManagers find the JobManager. */
export const JOB_MANAGER_ADDRESS = `${JOB_MANAGER_NAME}:${RPC_PORT}`

export interface SimulatedJobManagerOptions {
  readonly configuration: Configuration
  readonly modules: ModuleCache
  readonly onJobEnded: (info: ExecutionGraphInfo) => void
}

/** The JobManager process of a simulated cluster. */
export class SimulatedJobManager {
  readonly process: SimulatedProcess
  readonly services: JobManagerServices

  private constructor(process: SimulatedProcess, services: JobManagerServices) {
    this.process = process
    this.services = services
  }

  static async start(
    world: SimulatedWorld,
    options: SimulatedJobManagerOptions,
  ): Promise<SimulatedJobManager> {
    const process = new SimulatedProcess(world, { name: JOB_MANAGER_NAME, port: RPC_PORT })
    const { clock, random, log, rpcService } = process
    const services = await startJobManagerServices({
      configuration: options.configuration,
      clock,
      random,
      log,
      rpcService,
      fileSystems: world.fileSystems,
      resourceId: JOB_MANAGER_NAME as ResourceId,
      blobStore: new InMemoryBlobStore(),
      resourceManagerDriver: createResourceManagerDriver({
        configuration: options.configuration,
        clock,
        random,
        log,
      }),
      version: { version: FLINK_TS_VERSION, nodeMajor: 20 },
      moduleLoader: options.modules.load,
      onClusterShutDown: () => {},
      onJobEnded: options.onJobEnded,
      fatalErrorHandler: (error) => world.violated(`the JobManager failed: ${messageOf(error)}`),
    })
    return new SimulatedJobManager(process, services)
  }

  async close(): Promise<void> {
    await this.services.close('SUCCEEDED')
    await this.process.close()
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
