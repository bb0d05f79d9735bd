import type { ConfigOption } from '../config-option.js'
import { AdaptiveSchedulerOptions } from './adaptive-scheduler-options.js'
import { BlobServerOptions } from './blob-server-options.js'
import { CheckpointingOptions } from './checkpointing-options.js'
import { CleanupOptions } from './cleanup-options.js'
import { ClientOptions } from './client-options.js'
import { ClusterOptions } from './cluster-options.js'
import { CoreOptions } from './core-options.js'
import { DeploymentOptions } from './deployment-options.js'
import { EnvOptions } from './env-options.js'
import { ExecutionOptions } from './execution-options.js'
import { ExternalResourceOptions } from './external-resource-options.js'
import { FileSystemOptions } from './file-system-options.js'
import { HeartbeatManagerOptions } from './heartbeat-manager-options.js'
import { HighAvailabilityOptions } from './high-availability-options.js'
import { JobManagerMemoryOptions } from './job-manager-memory-options.js'
import { JobManagerOptions } from './job-manager-options.js'
import { JobStoreOptions } from './job-store-options.js'
import { MesosOptions } from './mesos-options.js'
import { MetricOptions } from './metric-options.js'
import { NettyShuffleEnvironmentOptions } from './netty-shuffle-environment-options.js'
import { PipelineOptions } from './pipeline-options.js'
import { ResourceManagerOptions } from './resource-manager-options.js'
import { RestOptions } from './rest-options.js'
import { RestartStrategyOptions } from './restart-strategy-options.js'
import { RpcOptions } from './rpc-options.js'
import { SecurityOptions } from './security-options.js'
import { SlotOptions } from './slot-options.js'
import { StateBackendOptions } from './state-backend-options.js'
import { StateRecoveryOptions } from './state-recovery-options.js'
import { TaskManagerMemoryOptions } from './task-manager-memory-options.js'
import { TaskManagerOptions } from './task-manager-options.js'
import { WebOptions } from './web-options.js'
import { YarnOptions } from './yarn-options.js'

/** Options that belong together, in the order of the configuration page. */
export interface OptionGroup {
  readonly title: string
  readonly options: Readonly<Record<string, ConfigOption<unknown>>>
}

export const OPTION_GROUPS: readonly OptionGroup[] = [
  { title: 'General', options: CoreOptions },
  { title: 'JobManager', options: JobManagerOptions },
  { title: 'JobManager memory', options: JobManagerMemoryOptions },
  { title: 'TaskManager', options: TaskManagerOptions },
  { title: 'TaskManager memory', options: TaskManagerMemoryOptions },
  { title: 'Network', options: NettyShuffleEnvironmentOptions },
  { title: 'REST', options: RestOptions },
  { title: 'Web', options: WebOptions },
  { title: 'Heartbeats', options: HeartbeatManagerOptions },
  { title: 'ResourceManager', options: ResourceManagerOptions },
  { title: 'Cluster', options: ClusterOptions },
  { title: 'BLOB server', options: BlobServerOptions },
  { title: 'Adaptive scheduler', options: AdaptiveSchedulerOptions },
  { title: 'Restart strategies', options: RestartStrategyOptions },
  { title: 'Checkpoints', options: CheckpointingOptions },
  { title: 'State backend', options: StateBackendOptions },
  { title: 'State recovery', options: StateRecoveryOptions },
  { title: 'File systems', options: FileSystemOptions },
  { title: 'Slots', options: SlotOptions },
  { title: 'Pipeline', options: PipelineOptions },
  { title: 'Execution', options: ExecutionOptions },
  { title: 'Deployment', options: DeploymentOptions },
  { title: 'Client', options: ClientOptions },
  { title: 'Finished jobs', options: JobStoreOptions },
  { title: 'Clean-up after jobs', options: CleanupOptions },
  { title: 'Metrics', options: MetricOptions },
  { title: 'RPC', options: RpcOptions },
  { title: 'Scripts and logging', options: EnvOptions },
  { title: 'Security', options: SecurityOptions },
  { title: 'High availability', options: HighAvailabilityOptions },
  { title: 'YARN', options: YarnOptions },
  { title: 'Mesos', options: MesosOptions },
  { title: 'External resources', options: ExternalResourceOptions },
]

/** Every option that is defined, by group in the order of the configuration page. */
export function allOptions(): ConfigOption<unknown>[] {
  return OPTION_GROUPS.flatMap((group) => Object.values(group.options))
}
