import { type GatewayDefinition, gatewayDefinitionFromProto } from '@flink-ts/rpc'
import {
  type BlobServerGateway,
  type DispatcherGateway,
  type JobMasterGateway,
  type LeaderGateway,
  type ResourceManagerGateway,
  RUNTIME_PROTO,
  type TaskExecutorGateway,
} from './messages.generated.js'

/** Unfenced; served under {@link LEADER_ENDPOINT_ID} by clusters without high availability. */
export const LEADER_GATEWAY: GatewayDefinition<LeaderGateway> = gatewayDefinitionFromProto(
  RUNTIME_PROTO,
  'flink.runtime.LeaderGateway',
)

/** The one fixed endpoint id: whoever knows only the JobManager's address starts here. */
export const LEADER_ENDPOINT_ID = 'leader'

/** Fenced by the ResourceManager's token. */
export const RESOURCE_MANAGER_GATEWAY: GatewayDefinition<ResourceManagerGateway> =
  gatewayDefinitionFromProto(RUNTIME_PROTO, 'flink.runtime.ResourceManagerGateway')

/** Unfenced; stale callers are known by the token in their request. */
export const TASK_EXECUTOR_GATEWAY: GatewayDefinition<TaskExecutorGateway> =
  gatewayDefinitionFromProto(RUNTIME_PROTO, 'flink.runtime.TaskExecutorGateway')

/** Fenced by the JobMaster's token. */
export const JOB_MASTER_GATEWAY: GatewayDefinition<JobMasterGateway> = gatewayDefinitionFromProto(
  RUNTIME_PROTO,
  'flink.runtime.JobMasterGateway',
)

/** Fenced by the Dispatcher's token. */
export const DISPATCHER_GATEWAY: GatewayDefinition<DispatcherGateway> = gatewayDefinitionFromProto(
  RUNTIME_PROTO,
  'flink.runtime.DispatcherGateway',
)

/** Unfenced: what it hands out is named by its content. */
export const BLOB_SERVER_GATEWAY: GatewayDefinition<BlobServerGateway> = gatewayDefinitionFromProto(
  RUNTIME_PROTO,
  'flink.runtime.BlobServerGateway',
)
