import { availableParallelism, freemem, totalmem } from 'node:os'
import {
  createFileSystems,
  deriveTaskManagerMemory,
  LocalFileSystem,
  type ResourceId,
  renderMemoryTable,
  TaskManagerOptions,
} from '@flink-ts/core'
import { loadTransportSecurity } from '@flink-ts/core/security'
import type { GrpcRpcService } from '@flink-ts/rpc/grpc'
import {
  FileSystemBlobStore,
  startTaskManagerServices,
  type TaskManagerServices,
  WorkerTaskLauncher,
} from '@flink-ts/runtime'
import { numericLoopback } from '../addresses/loopback.js'
import { systemLocalHost } from '../addresses/system-local-host.js'
import { taskManagerAddress } from '../addresses/task-manager-address.js'
import { blobFolder } from '../daemon/blob-folder.js'
import type { DaemonContext, RunningDaemon } from '../daemon/daemon.js'
import { startRpcService } from '../rpc/start-rpc-service.js'
import { jobManagerLocation } from './job-manager-location.js'
import { letThreadsHaveLimits } from './let-threads-have-limits.js'
import { startShuffleEnvironment } from './start-shuffle-environment.js'

/** Starts the components of a TaskManager; it finds its JobManager by configuration, or whoever leads of several. */
export async function startTaskManager(context: DaemonContext): Promise<RunningDaemon> {
  const { configuration, clock, random, log, folder, onFatalError } = context
  const own = log.child({ component: 'TaskManager' })
  const memory = deriveTaskManagerMemory(configuration)
  letThreadsHaveLimits()
  own.info(`Memory of this process:\n${renderMemoryTable(memory)}`)
  const blobDirectory = blobFolder(configuration, folder)
  const jobManager = await jobManagerLocation(context)
  let rpcService: GrpcRpcService | undefined
  let services: TaskManagerServices | undefined
  let taskLauncher: WorkerTaskLauncher | undefined
  const close = async () => {
    await services?.close()
    await jobManager.close()
    await rpcService?.close()
  }
  try {
    const address = await taskManagerAddress(configuration, jobManager.host, systemLocalHost)
    // On the machine of the JobManager either may be the first to start.
    const missing = jobManager.isOnThisMachine(address.host) ? 'create' : 'refuse'
    const security = loadTransportSecurity(configuration, missing, context.secret)
    const ownRpc = await startRpcService({
      configuration,
      security,
      clock,
      log,
      bindHost: address.bindHost,
      bindPorts: address.bindPorts,
      host: numericLoopback(address.host),
      port: address.port,
      hostKey: TaskManagerOptions.BIND_HOST.key,
      portKey: TaskManagerOptions.RPC_PORT.key,
    })
    rpcService = ownRpc
    const port = ownRpc.address.slice(ownRpc.address.lastIndexOf(':') + 1)
    const resourceId = (configuration.get(TaskManagerOptions.RESOURCE_ID) ??
      `${address.host}:${port}-${random.hex(3)}`) as ResourceId
    const world = { configuration, clock, log: log.child({ resourceId }) }
    const shuffleEnvironment = await startShuffleEnvironment({
      ...world,
      security,
      memory,
      resourceId,
      host: address.host,
      bindHost: address.bindHost,
      onFatalError,
    })
    taskLauncher = new WorkerTaskLauncher({
      ...world,
      shuffle: shuffleEnvironment,
      slot: {
        taskHeapBytes: memory.perSlot.taskHeap,
        managedBytes: memory.perSlot.managedMemory,
      },
    })
    services = await startTaskManagerServices({
      ...world,
      rpcService: ownRpc,
      resourceId,
      leaderRetriever: (component) => jobManager.leaderRetriever(component, ownRpc),
      host: address.host,
      shuffleEnvironment,
      taskLauncher,
      metrics: () => ({
        'Status.Flink.Memory.Managed.Used': taskLauncher?.managedMemoryUsed ?? 0,
        'Status.Flink.Memory.Managed.Total': memory.managedMemory,
      }),
      memory,
      hardware: {
        cpuCores: availableParallelism(),
        physicalMemoryBytes: totalmem(),
        freeMemoryBytes: freemem(),
      },
      fileSystems: createFileSystems({ configuration, clock, random }),
      blobStore: new FileSystemBlobStore({
        fileSystem: new LocalFileSystem(random),
        parentDirectory: blobDirectory,
        random,
      }),
      fatalErrorHandler: onFatalError,
    })
    const { dataPort } = shuffleEnvironment
    own.info('Listening', { resourceId, rpc: ownRpc.address, dataPort })
  } catch (error) {
    await close()
    throw error
  }
  return {
    get hasStuckThreads() {
      return taskLauncher?.hasStuckThreads === true
    },
    close,
  }
}
