import type {
  Clock,
  Configuration,
  FileSystems,
  Logger,
  ResourceId,
  TaskManagerMemory,
} from '@flink-ts/core'
import { BlobServerOptions, TaskManagerOptions } from '@flink-ts/core'
import type { TaskManagerShuffle } from '@flink-ts/network'
import type { RpcService } from '@flink-ts/rpc'
import { BlobCache } from '../blob/blob-cache.js'
import type { BlobStore } from '../blob/blob-store.js'
import type {
  LeaderComponent,
  LeaderRetriever,
} from '../highavailability/high-availability-services.js'
import { LocalStateStores } from '../taskexecutor/local-state-stores.js'
import { TaskExecutor } from '../taskexecutor/task-executor.js'
import { taskExecutorSettings } from '../taskexecutor/task-executor-settings.js'
import type { TaskLauncher } from '../taskmanager/task-launcher.js'
import { closeAll } from './close-all.js'
import { type Hardware, taskManagerFacts } from './task-manager-facts.js'

export interface TaskManagerServicesOptions {
  readonly configuration: Configuration
  readonly clock: Clock
  readonly log: Logger
  /** Stays the caller's. */
  readonly rpcService: RpcService
  readonly resourceId: ResourceId
  /** Of the ResourceManager, and of each job that has a slot here. */
  readonly leaderRetriever: (component: LeaderComponent) => LeaderRetriever
  /** Under which peers reach it. */
  readonly host: string
  /** Tasks on TaskManagers of the same node share its fate. Default: `host`. */
  readonly nodeId?: string
  /** Closed with the services, after the tasks. */
  readonly shuffleEnvironment: TaskManagerShuffle
  /** Closed with the services. */
  readonly taskLauncher: TaskLauncher
  readonly memory: TaskManagerMemory
  readonly hardware: Hardware
  /** For programs that were fetched; closed with the services. */
  readonly blobStore: BlobStore
  /** For second copies of state, `execution.checkpointing.local-backup.enabled`. Absent: there are none. */
  readonly fileSystems?: FileSystems
  /** Of the whole TaskManager, for heartbeats. Default: none. */
  readonly metrics?: () => Readonly<Record<string, number>>
  /** The process must end. */
  readonly fatalErrorHandler: (error: unknown) => void
}

/** The components of a TaskManager, started. It registers by itself, then and whenever it has to. */
export interface TaskManagerServices {
  readonly taskExecutor: TaskExecutor
  /** Fails the tasks that run and ends all components. Idempotent. */
  close(): Promise<void>
}

/**
 * Puts the components of a TaskManager together and starts them.
 *
 * @throws IllegalConfigurationError
 */
export async function startTaskManagerServices(
  options: TaskManagerServicesOptions,
): Promise<TaskManagerServices> {
  const { configuration, clock, rpcService, resourceId, host, shuffleEnvironment } = options
  const log = options.log.child({ component: 'TaskExecutor' })
  const taskExecutor = new TaskExecutor({
    rpcService,
    clock,
    log,
    endpointId: 'taskmanager',
    onFatalError: options.fatalErrorHandler,
    resourceId,
    location: {
      resourceId,
      host,
      dataPort: shuffleEnvironment.dataPort,
      nodeId: options.nodeId ?? host,
    },
    facts: taskManagerFacts(
      options.memory,
      options.hardware,
      configuration.get(TaskManagerOptions.CPU_CORES),
    ),
    settings: taskExecutorSettings(configuration),
    leaderRetriever: options.leaderRetriever,
    launcher: options.taskLauncher,
    blobCache: new BlobCache({
      rpcService,
      clock,
      log: options.log.child({ component: 'BlobCache' }),
      store: options.blobStore,
      maxBlobBytes: configuration.get(BlobServerOptions.MAX_SIZE),
      fetchRetries: configuration.get(BlobServerOptions.FETCH_RETRIES),
      keepUnusedMs: 1000 * configuration.get(BlobServerOptions.CLEANUP_INTERVAL_SECONDS),
    }),
    ...(options.fileSystems !== undefined && {
      localState: new LocalStateStores({
        configuration,
        resourceId,
        fileSystems: options.fileSystems,
        log: options.log.child({ component: 'LocalState' }),
      }),
    }),
    releasePartitions: (partitionIds) => shuffleEnvironment.releasePartitions(partitionIds),
    metrics: options.metrics ?? (() => ({})),
  })
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= closeAll([() => taskExecutor.close(), () => shuffleEnvironment.close()])
    return closed
  }
  try {
    await taskExecutor.start()
  } catch (error) {
    await close().catch((cause) => log.error('Closing what had started failed', { error: cause }))
    throw error
  }
  return { taskExecutor, close }
}
