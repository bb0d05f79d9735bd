import type {
  Clock,
  Configuration,
  FileSystems,
  LineWriter,
  Logger,
  Random,
  SocketConnector,
} from '@flink-ts/core'
import type { Defer, ShuffleServiceFactory } from '@flink-ts/network'
import type { ModuleLoader } from '@flink-ts/runtime'

/** What a MiniCluster has from the world; whatever is absent is the machine's own. */
export interface MiniClusterWorld {
  readonly clock: Clock
  readonly random: Random
  readonly fileSystems: FileSystems
  readonly sockets: SocketConnector
  /** Standard output of the tasks. */
  readonly stdout: LineWriter
  /** Default: nothing is logged. */
  readonly log: Logger
  /** Runs an action soon, after promises that are due have settled: turns of tasks, data that arrives. */
  readonly defer: Defer
  /** Imports the modules that jobs name for their sources and sinks. */
  readonly moduleLoader: ModuleLoader
}

export interface MiniClusterOptions extends Partial<MiniClusterWorld> {
  /** Of the cluster. Memory sizes that are absent are chosen. */
  readonly configuration?: Configuration
  /** Default 1. */
  readonly numberOfTaskManagers?: number
  /** How records go from task to task. Default: the network. */
  readonly shuffleService?: ShuffleServiceFactory
  /** Default: `taskmanager.numberOfTaskSlots`. */
  readonly numberOfTaskSlotsPerTaskManager?: number
}
