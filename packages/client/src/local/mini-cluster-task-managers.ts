import {
  type Configuration,
  type ResourceId,
  type TaskManagerMemory,
  TaskManagerMemoryOptions,
} from '@flink-ts/core'
import {
  InProcessDataTransport,
  inlineNetworkIo,
  type ShuffleServiceFactory,
  shuffleSettings,
} from '@flink-ts/network'
import type { RpcService } from '@flink-ts/rpc'
import {
  type HighAvailabilityServices,
  InlineTaskLauncher,
  InMemoryBlobStore,
  type JobCodeProvider,
  startTaskManagerServices,
  type TaskManagerServices,
} from '@flink-ts/runtime'
import type { MiniClusterWorld } from './mini-cluster-options.js'

export interface MiniClusterTaskManagersOptions {
  readonly world: MiniClusterWorld
  readonly configuration: Configuration
  /** Of each. */
  readonly memory: TaskManagerMemory
  readonly createRpcService: (address: string) => RpcService
  readonly codeProvider: JobCodeProvider
  readonly shuffleService: ShuffleServiceFactory
  readonly fatalErrorHandler: (error: unknown) => void
}

/** The TaskManagers of a MiniCluster: their tasks run in this thread, in turns. */
export class MiniClusterTaskManagers {
  readonly #options: MiniClusterTaskManagersOptions
  readonly #services: TaskManagerServices[] = []
  readonly #transport: InProcessDataTransport

  constructor(options: MiniClusterTaskManagersOptions) {
    this.#options = options
    this.#transport = new InProcessDataTransport({ deliver: options.world.defer })
  }

  /** Slots of all that were started. */
  get slots(): number {
    return this.#services.length * this.#options.memory.numberOfTaskSlots
  }

  async start(highAvailability: HighAvailabilityServices): Promise<TaskManagerServices> {
    const { world, configuration, memory, codeProvider } = this.#options
    const { clock, random, fileSystems, sockets, stdout, defer } = world
    const resourceId = `taskmanager-${this.#services.length + 1}` as ResourceId
    const log = world.log.child({ resourceId })
    const rpcService = this.#options.createRpcService(`${resourceId}:6122`)
    const segmentBytes = configuration.get(TaskManagerMemoryOptions.SEGMENT_SIZE)
    const shuffle = await this.#options.shuffleService.createShuffleEnvironment({
      configuration,
      resourceId,
      host: resourceId,
      numberOfSegments: Math.floor(memory.networkMemory / segmentBytes),
      segmentBytes,
      clock,
      log,
      defer,
      ...shuffleSettings(configuration),
      io: inlineNetworkIo({ transport: this.#transport, bindHost: resourceId, port: 0 }),
    })
    const services = await startTaskManagerServices({
      configuration,
      clock,
      log,
      rpcService,
      resourceId,
      leaderRetriever: (component) => highAvailability.leaderRetriever(component),
      host: resourceId,
      nodeId: 'localhost',
      shuffleEnvironment: shuffle,
      taskLauncher: new InlineTaskLauncher({
        shuffle,
        defer,
        clock,
        random,
        fileSystems,
        sockets,
        stdout,
        log,
        configuration,
        codeProvider,
      }),
      memory,
      hardware: { cpuCores: 1, physicalMemoryBytes: 0, freeMemoryBytes: 0 },
      fileSystems,
      blobStore: new InMemoryBlobStore(),
      fatalErrorHandler: this.#options.fatalErrorHandler,
    })
    this.#services.push(services)
    return services
  }

  /** Ends all of them, also when one fails to. */
  async close(): Promise<void> {
    const outcomes = await Promise.allSettled(this.#services.map((each) => each.close()))
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }
}
