import assert from 'node:assert/strict'
import {
  type Configuration,
  deriveTaskManagerMemory,
  type LineWriter,
  type ResourceId,
  type SocketConnector,
} from '@flink-ts/core'
import { inlineNetworkIo, ShuffleEnvironment } from '@flink-ts/network'
import {
  InlineTaskLauncher,
  InMemoryBlobStore,
  type JobCodeProvider,
  type LeaderRetrieval,
  StandaloneLeaderRetriever,
  startTaskManagerServices,
  type TaskManagerServices,
} from '@flink-ts/runtime'
import { PacedTaskLauncher } from './paced-task-launcher.js'
import { SimulatedJobManager } from './simulated-job-manager.js'
import { SimulatedProcess } from './simulated-process.js'
import type { SimulatedWorld } from './simulated-world.js'

const RPC_PORT = 6122

/** Few and small network buffers, so that jobs of a few records meet backpressure. */
const NETWORK_SEGMENTS = 512
const SEGMENT_BYTES = 1024

export interface SimulatedTaskManagerOptions {
  /** Of the process, which is also its host. */
  readonly name: string
  /** Of this incarnation: a process that takes the place of a crashed one has usually another. */
  readonly resourceId: string
  /** The one that it asks for leaders if there is no coordination service. */
  readonly jobManager: string
  readonly configuration: Configuration
  readonly codeProvider: JobCodeProvider
  /** See `SimulatedClusterOptions`. */
  readonly maxTurnMs?: number | undefined
  /** See `SimulatedClusterOptions`. */
  readonly taskDurationMs?: number | undefined
  /** It has ended by a fatal error, as its entry point would let it. */
  readonly onFailed: () => void
  /** A task printed a line. */
  readonly onLine: (line: string) => void
}

/** A TaskManager process of a simulated cluster. Its tasks run in its own virtual processor. */
export class SimulatedTaskManager {
  readonly process: SimulatedProcess
  readonly shuffle: ShuffleEnvironment
  readonly services: TaskManagerServices

  readonly #highAvailability: LeaderRetrieval | undefined

  private constructor(parts: {
    process: SimulatedProcess
    shuffle: ShuffleEnvironment
    services: TaskManagerServices
    highAvailability: LeaderRetrieval | undefined
  }) {
    this.process = parts.process
    this.shuffle = parts.shuffle
    this.services = parts.services
    this.#highAvailability = parts.highAvailability
  }

  static async start(
    world: SimulatedWorld,
    options: SimulatedTaskManagerOptions,
  ): Promise<SimulatedTaskManager> {
    const { name, configuration } = options
    const resourceId = options.resourceId as ResourceId
    const process = new SimulatedProcess(world, {
      name,
      port: RPC_PORT,
      maxTurnMs: options.maxTurnMs,
    })
    const { clock, log, rpcService } = process
    const { shuffle, launcher } =
      options.taskDurationMs === undefined
        ? await startPrograms(world, process, options)
        : await startPacedTasks(process, resourceId, options.taskDurationMs)
    const highAvailability = world.coordination?.lookOn(process)
    const services = await startTaskManagerServices({
      configuration,
      clock,
      log,
      rpcService,
      resourceId,
      host: name,
      leaderRetriever: (component) =>
        highAvailability?.leaderRetriever(component) ??
        new StandaloneLeaderRetriever({
          component,
          jobManagerAddress: SimulatedJobManager.address(options.jobManager),
          rpcService,
          clock,
          log,
        }),
      shuffleEnvironment: shuffle,
      taskLauncher: launcher,
      memory: deriveTaskManagerMemory(configuration),
      hardware: { cpuCores: 2, physicalMemoryBytes: 2 ** 33, freeMemoryBytes: 2 ** 32 },
      fileSystems: world.fileSystems,
      blobStore: new InMemoryBlobStore(),
      fatalErrorHandler: (error) => {
        reportFatalError(world, process, error)
        if (process.isRunning) options.onFailed()
      },
    })
    return new SimulatedTaskManager({ process, shuffle, services, highAvailability })
  }

  async close(): Promise<void> {
    await this.services.close()
    await this.#highAvailability?.close()
    await this.process.close()
  }
}

/** Tasks run their programs in the virtual processor, and their data moves over the simulated network. */
async function startPrograms(
  world: SimulatedWorld,
  process: SimulatedProcess,
  options: SimulatedTaskManagerOptions,
) {
  const { name, resourceId, configuration, codeProvider, onLine } = options
  const { clock, random, log, executor } = process
  const { defer } = executor
  const shuffle = await ShuffleEnvironment.start({
    resourceId: resourceId as ResourceId,
    host: name,
    numberOfSegments: NETWORK_SEGMENTS,
    segmentBytes: SEGMENT_BYTES,
    doorbellCapacity: 1024,
    tmpDirs: [world.scratchFolder],
    clock,
    log,
    defer,
    io: inlineNetworkIo({
      transport: world.dataNetwork.transportOf(process),
      bindHost: name,
      port: 0,
    }),
  })
  const launcher = new InlineTaskLauncher({
    shuffle,
    defer,
    clock,
    random,
    fileSystems: world.fileSystems,
    sockets: NO_SOCKETS,
    stdout: lineWriter(onLine),
    log,
    configuration,
    codeProvider,
  })
  return { shuffle, launcher }
}

/** Tasks take time only; there is next to no memory for data. */
async function startPacedTasks(
  { name, clock, log, executor }: SimulatedProcess,
  resourceId: ResourceId,
  durationMs: number,
) {
  const shuffle = await ShuffleEnvironment.start({
    resourceId,
    host: name,
    numberOfSegments: 1,
    segmentBytes: SEGMENT_BYTES,
    doorbellCapacity: 8,
    tmpDirs: [],
    clock,
    log,
    defer: executor.defer,
  })
  return { shuffle, launcher: new PacedTaskLauncher({ clock, durationMs }) }
}

/** A broken invariant is nobody's right. */
function reportFatalError(world: SimulatedWorld, process: SimulatedProcess, error: unknown): void {
  process.log.error('Fatal error', { error })
  if (error instanceof assert.AssertionError || error instanceof TypeError) {
    world.violated(`${process.name} failed: ${error.stack ?? error.message}`)
  }
}

function lineWriter(onLine: (line: string) => void): LineWriter {
  return { writeLine: onLine, flush() {} }
}

const NO_SOCKETS: SocketConnector = {
  connect(host, port) {
    throw new Error(`Cannot connect to ${host}:${port}: a simulation has no sockets`)
  },
}
