import { type GatewayDefinition, gatewayDefinitionFromDescriptor } from '@flink-ts/rpc'
import {
  type BlobServerGateway,
  type DispatcherGateway,
  type JobMasterGateway,
  type LeaderGateway,
  type ResourceManagerGateway,
  RUNTIME_DESCRIPTOR,
  type TaskExecutorGateway,
} from './messages.generated.js'

/** Unfenced; served under {@link LEADER_ENDPOINT_ID} by clusters without high availability. */
export const LEADER_GATEWAY: GatewayDefinition<LeaderGateway> = gatewayDefinitionFromDescriptor(
  RUNTIME_DESCRIPTOR,
  'flink.runtime.LeaderGateway',
)

/** The one fixed endpoint id: whoever knows only the JobManager's address starts here. */
export const LEADER_ENDPOINT_ID = 'leader'

/** Fenced by the ResourceManager's token. */
export const RESOURCE_MANAGER_GATEWAY: GatewayDefinition<ResourceManagerGateway> =
  gatewayDefinitionFromDescriptor(RUNTIME_DESCRIPTOR, 'flink.runtime.ResourceManagerGateway')

/** Unfenced; stale callers are known by the token in their request. */
export const TASK_EXECUTOR_GATEWAY: GatewayDefinition<TaskExecutorGateway> =
  gatewayDefinitionFromDescriptor(RUNTIME_DESCRIPTOR, 'flink.runtime.TaskExecutorGateway')

/** Fenced by the JobMaster's token. */
export const JOB_MASTER_GATEWAY: GatewayDefinition<JobMasterGateway> =
  gatewayDefinitionFromDescriptor(RUNTIME_DESCRIPTOR, 'flink.runtime.JobMasterGateway')

/** Fenced by the Dispatcher's token. */
export const DISPATCHER_GATEWAY: GatewayDefinition<DispatcherGateway> =
  gatewayDefinitionFromDescriptor(RUNTIME_DESCRIPTOR, 'flink.runtime.DispatcherGateway')

/** Unfenced: what it hands out is named by its content. */
export const BLOB_SERVER_GATEWAY: GatewayDefinition<BlobServerGateway> =
  gatewayDefinitionFromDescriptor(RUNTIME_DESCRIPTOR, 'flink.runtime.BlobServerGateway')
