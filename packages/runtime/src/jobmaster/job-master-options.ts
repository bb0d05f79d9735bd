import type { Clock, Configuration, FileSystems, Logger, Random } from '@flink-ts/core'
import type { ShuffleMaster } from '@flink-ts/network'
import type { FencingToken, RpcService } from '@flink-ts/rpc'
import type { HighAvailabilityServices } from '../highavailability/high-availability-services.js'
import type { JobGraph } from '../jobgraph/job-graph.js'
import type { ExecutionGraphInfo } from './info/execution-graph-info.js'
import type { ModuleLoader } from './job-initialization.js'

export interface JobMasterOptions {
  readonly jobGraph: JobGraph
  /** Of the cluster; the job's own goes over it. */
  readonly configuration: Configuration
  readonly rpcService: RpcService
  readonly highAvailability: HighAvailabilityServices
  readonly fileSystems: FileSystems
  readonly loadModule: ModuleLoader
  /** Of the JobManager, who closes it. Default: the network's, which has nothing to remember. */
  readonly shuffleMaster?: ShuffleMaster
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** The ResourceManager's driver starts TaskManagers as jobs need them. Default false: somebody else does. */
  readonly startsTaskManagers?: boolean
  /** Of the JobManager process. */
  readonly resourceId: string
  /** This term of leadership for the job. */
  readonly fencingToken: FencingToken
  /** The job has ended, here or for good; told once, in the JobMaster's main thread. */
  readonly onJobTerminated: (info: ExecutionGraphInfo) => void
  readonly onFatalError?: (error: unknown) => void
}
