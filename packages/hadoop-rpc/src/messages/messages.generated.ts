// Generated from proto/hadoop_rpc.proto by `npm run generate`. Do not edit.

export interface RpcRequestHeaderMessage {
  readonly rpcKind?: number | undefined
  readonly rpcOp?: number | undefined
  readonly callId: number
  readonly clientId: Uint8Array
  readonly retryCount?: number | undefined
}

export type RpcStatus =
  | 'SUCCESS'
  | 'ERROR'
  | 'FATAL'

export interface RpcResponseHeaderMessage {
  readonly callId: number
  readonly status: RpcStatus
  readonly serverIpcVersionNum?: number | undefined
  readonly exceptionClassName?: string | undefined
  readonly errorMsg?: string | undefined
}

export type SaslState =
  | 'SASL_SUCCESS'
  | 'NEGOTIATE'
  | 'INITIATE'
  | 'CHALLENGE'
  | 'RESPONSE'
  | 'WRAP'

export interface SaslAuthMessage {
  readonly method: string
  readonly mechanism: string
  readonly protocol?: string | undefined
  readonly serverId?: string | undefined
  readonly challenge?: Uint8Array | undefined
}

export interface RpcSaslMessage {
  readonly version?: number | undefined
  readonly state: SaslState
  readonly token?: Uint8Array | undefined
  readonly auths: readonly SaslAuthMessage[]
}

export interface UserInformationMessage {
  readonly effectiveUser?: string | undefined
}

export interface IpcConnectionContextMessage {
  readonly userInfo?: UserInformationMessage | undefined
  readonly protocol?: string | undefined
}

export interface RequestHeaderMessage {
  readonly methodName: string
  readonly declaringClassProtocolName: string
  readonly clientProtocolVersion: bigint
}

export interface TokenMessage {
  readonly identifier: Uint8Array
  readonly password: Uint8Array
  readonly kind: string
  readonly service: string
}

export interface CredentialsEntryMessage {
  readonly alias: string
  readonly token?: TokenMessage | undefined
  readonly secret?: Uint8Array | undefined
}

export interface CredentialsMessage {
  readonly tokens: readonly CredentialsEntryMessage[]
  readonly secrets: readonly CredentialsEntryMessage[]
}

export interface ApplicationIdMessage {
  readonly id?: number | undefined
  readonly clusterTimestamp?: bigint | undefined
}

export interface ApplicationAttemptIdMessage {
  readonly applicationId?: ApplicationIdMessage | undefined
  readonly attemptId?: number | undefined
}

export interface ContainerIdMessage {
  readonly appAttemptId?: ApplicationAttemptIdMessage | undefined
  readonly id?: bigint | undefined
}

export interface NodeIdMessage {
  readonly host?: string | undefined
  readonly port?: number | undefined
}

export interface ResourceInformationMessage {
  readonly key: string
  readonly value?: bigint | undefined
  readonly units?: string | undefined
}

export interface ResourceMessage {
  readonly memory?: bigint | undefined
  readonly virtualCores?: number | undefined
  readonly resourceValueMap: readonly ResourceInformationMessage[]
}

export interface ResourceTypeInfoMessage {
  readonly name: string
}

export interface PriorityMessage {
  readonly priority?: number | undefined
}

export interface ContainerMessage {
  readonly id?: ContainerIdMessage | undefined
  readonly nodeId?: NodeIdMessage | undefined
  readonly nodeHttpAddress?: string | undefined
  readonly resource?: ResourceMessage | undefined
  readonly priority?: PriorityMessage | undefined
  readonly containerToken?: TokenMessage | undefined
  readonly allocationRequestId?: bigint | undefined
}

export type ContainerState =
  | 'C_NEW'
  | 'C_RUNNING'
  | 'C_COMPLETE'

export interface ContainerStatusMessage {
  readonly containerId?: ContainerIdMessage | undefined
  readonly state?: ContainerState | undefined
  readonly diagnostics?: string | undefined
  readonly exitStatus?: number | undefined
}

export type NodeState =
  | 'NS_NEW'
  | 'NS_RUNNING'
  | 'NS_UNHEALTHY'
  | 'NS_DECOMMISSIONED'
  | 'NS_LOST'
  | 'NS_REBOOTED'
  | 'NS_DECOMMISSIONING'
  | 'NS_SHUTDOWN'

export interface NodeReportMessage {
  readonly nodeId?: NodeIdMessage | undefined
  readonly httpAddress?: string | undefined
  readonly nodeState?: NodeState | undefined
  readonly healthReport?: string | undefined
}

export interface ResourceRequestMessage {
  readonly priority?: PriorityMessage | undefined
  readonly resourceName?: string | undefined
  readonly capability?: ResourceMessage | undefined
  readonly numContainers?: number | undefined
  readonly relaxLocality?: boolean | undefined
  readonly nodeLabelExpression?: string | undefined
  readonly allocationRequestId?: bigint | undefined
}

export interface NmTokenMessage {
  readonly nodeId?: NodeIdMessage | undefined
  readonly token?: TokenMessage | undefined
}

export interface PreemptionContainerMessage {
  readonly id?: ContainerIdMessage | undefined
}

export interface StrictPreemptionContractMessage {
  readonly container: readonly PreemptionContainerMessage[]
}

export interface PreemptionContractMessage {
  readonly container: readonly PreemptionContainerMessage[]
}

export interface PreemptionMessageMessage {
  readonly strictContract?: StrictPreemptionContractMessage | undefined
  readonly contract?: PreemptionContractMessage | undefined
}

export interface SerializedExceptionMessage {
  readonly message?: string | undefined
  readonly trace?: string | undefined
  readonly className?: string | undefined
  readonly cause?: SerializedExceptionMessage | undefined
}

export interface RegisterApplicationMasterRequestMessage {
  readonly host?: string | undefined
  readonly rpcPort?: number | undefined
  readonly trackingUrl?: string | undefined
}

export type SchedulerResourceType =
  | 'MEMORY'
  | 'CPU'

export interface RegisterApplicationMasterResponseMessage {
  readonly maximumCapability?: ResourceMessage | undefined
  readonly containersFromPreviousAttempts: readonly ContainerMessage[]
  readonly queue?: string | undefined
  readonly nmTokensFromPreviousAttempts: readonly NmTokenMessage[]
  readonly schedulerResourceTypes: readonly SchedulerResourceType[]
  readonly resourceTypes: readonly ResourceTypeInfoMessage[]
}

export interface BlacklistRequestMessage {
  readonly additions: readonly string[]
  readonly removals: readonly string[]
}

export interface AllocateRequestMessage {
  readonly ask: readonly ResourceRequestMessage[]
  readonly release: readonly ContainerIdMessage[]
  readonly blacklistRequest?: BlacklistRequestMessage | undefined
  readonly responseId?: number | undefined
  readonly progress?: number | undefined
}

export type AmCommand =
  | 'AM_RESYNC'
  | 'AM_SHUTDOWN'

export interface AllocateResponseMessage {
  readonly amCommand?: AmCommand | undefined
  readonly responseId?: number | undefined
  readonly allocatedContainers: readonly ContainerMessage[]
  readonly completedContainerStatuses: readonly ContainerStatusMessage[]
  readonly limit?: ResourceMessage | undefined
  readonly updatedNodes: readonly NodeReportMessage[]
  readonly numClusterNodes?: number | undefined
  readonly preempt?: PreemptionMessageMessage | undefined
  readonly nmTokens: readonly NmTokenMessage[]
  readonly amRmToken?: TokenMessage | undefined
  readonly containersFromPreviousAttempts: readonly ContainerMessage[]
}

export type FinalApplicationStatus =
  | 'APP_UNDEFINED'
  | 'APP_SUCCEEDED'
  | 'APP_FAILED'
  | 'APP_KILLED'

export interface FinishApplicationMasterRequestMessage {
  readonly diagnostics?: string | undefined
  readonly trackingUrl?: string | undefined
  readonly finalApplicationStatus?: FinalApplicationStatus | undefined
}

export interface FinishApplicationMasterResponseMessage {
  readonly isUnregistered?: boolean | undefined
}

export interface UrlMessage {
  readonly scheme?: string | undefined
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly file?: string | undefined
  readonly userInfo?: string | undefined
}

export type LocalResourceType =
  | 'ARCHIVE'
  | 'FILE'

export type LocalResourceVisibility =
  | 'PUBLIC'
  | 'PRIVATE'
  | 'APPLICATION'

export interface LocalResourceMessage {
  readonly resource?: UrlMessage | undefined
  readonly size?: bigint | undefined
  readonly timestamp?: bigint | undefined
  readonly type?: LocalResourceType | undefined
  readonly visibility?: LocalResourceVisibility | undefined
}

export interface LocalResourceEntryMessage {
  readonly key?: string | undefined
  readonly value?: LocalResourceMessage | undefined
}

export interface StringEntryMessage {
  readonly key?: string | undefined
  readonly value?: string | undefined
}

export interface ContainerLaunchContextMessage {
  readonly localResources: readonly LocalResourceEntryMessage[]
  readonly tokens?: Uint8Array | undefined
  readonly environment: readonly StringEntryMessage[]
  readonly command: readonly string[]
}

export interface StartContainerRequestMessage {
  readonly containerLaunchContext?: ContainerLaunchContextMessage | undefined
  readonly containerToken?: TokenMessage | undefined
}

export interface StartContainersRequestMessage {
  readonly startContainerRequest: readonly StartContainerRequestMessage[]
}

export interface ContainerExceptionMessage {
  readonly containerId?: ContainerIdMessage | undefined
  readonly exception?: SerializedExceptionMessage | undefined
}

export interface StartContainersResponseMessage {
  readonly succeededRequests: readonly ContainerIdMessage[]
  readonly failedRequests: readonly ContainerExceptionMessage[]
}

export interface StopContainersRequestMessage {
  readonly containerId: readonly ContainerIdMessage[]
}

export interface StopContainersResponseMessage {
  readonly succeededRequests: readonly ContainerIdMessage[]
  readonly failedRequests: readonly ContainerExceptionMessage[]
}

export interface GetContainerStatusesRequestMessage {
  readonly containerId: readonly ContainerIdMessage[]
}

export interface GetContainerStatusesResponseMessage {
  readonly status: readonly ContainerStatusMessage[]
  readonly failedRequests: readonly ContainerExceptionMessage[]
}

/** What each message is, by its name. */
export interface HadoopMessages {
  readonly RpcRequestHeader: RpcRequestHeaderMessage
  readonly RpcResponseHeader: RpcResponseHeaderMessage
  readonly SaslAuth: SaslAuthMessage
  readonly RpcSasl: RpcSaslMessage
  readonly UserInformation: UserInformationMessage
  readonly IpcConnectionContext: IpcConnectionContextMessage
  readonly RequestHeader: RequestHeaderMessage
  readonly Token: TokenMessage
  readonly CredentialsEntry: CredentialsEntryMessage
  readonly Credentials: CredentialsMessage
  readonly ApplicationId: ApplicationIdMessage
  readonly ApplicationAttemptId: ApplicationAttemptIdMessage
  readonly ContainerId: ContainerIdMessage
  readonly NodeId: NodeIdMessage
  readonly ResourceInformation: ResourceInformationMessage
  readonly Resource: ResourceMessage
  readonly ResourceTypeInfo: ResourceTypeInfoMessage
  readonly Priority: PriorityMessage
  readonly Container: ContainerMessage
  readonly ContainerStatus: ContainerStatusMessage
  readonly NodeReport: NodeReportMessage
  readonly ResourceRequest: ResourceRequestMessage
  readonly NmToken: NmTokenMessage
  readonly PreemptionContainer: PreemptionContainerMessage
  readonly StrictPreemptionContract: StrictPreemptionContractMessage
  readonly PreemptionContract: PreemptionContractMessage
  readonly PreemptionMessage: PreemptionMessageMessage
  readonly SerializedException: SerializedExceptionMessage
  readonly RegisterApplicationMasterRequest: RegisterApplicationMasterRequestMessage
  readonly RegisterApplicationMasterResponse: RegisterApplicationMasterResponseMessage
  readonly BlacklistRequest: BlacklistRequestMessage
  readonly AllocateRequest: AllocateRequestMessage
  readonly AllocateResponse: AllocateResponseMessage
  readonly FinishApplicationMasterRequest: FinishApplicationMasterRequestMessage
  readonly FinishApplicationMasterResponse: FinishApplicationMasterResponseMessage
  readonly Url: UrlMessage
  readonly LocalResource: LocalResourceMessage
  readonly LocalResourceEntry: LocalResourceEntryMessage
  readonly StringEntry: StringEntryMessage
  readonly ContainerLaunchContext: ContainerLaunchContextMessage
  readonly StartContainerRequest: StartContainerRequestMessage
  readonly StartContainersRequest: StartContainersRequestMessage
  readonly ContainerException: ContainerExceptionMessage
  readonly StartContainersResponse: StartContainersResponseMessage
  readonly StopContainersRequest: StopContainersRequestMessage
  readonly StopContainersResponse: StopContainersResponseMessage
  readonly GetContainerStatusesRequest: GetContainerStatusesRequestMessage
  readonly GetContainerStatusesResponse: GetContainerStatusesResponseMessage
}

/** The descriptor of all messages, as JSON of protobufjs. */
export const HADOOP_RPC_DESCRIPTOR =
  '{"nested":{"hadoop":{"nested":{"RpcRequestHeader":{"edition":"proto2","fields":{"rpcKind":{"type":"int32","id":1},"rpcOp":{"type":"int32","id":2},"callId":{"rule":"required","type":"sint32","id":3},"clientId":{"rule":"required","type":"bytes","id":4},"retryCount":{"type":"sint32","id":5}}},"RpcStatus":{"edition":"proto2","values":{"SUCCESS":0,"ERROR":1,"FATAL":2}},"RpcResponseHeader":{"edition":"proto2","fields":{"callId":{"rule":"required","type":"uint32","id":1},"status":{"rule":"required","type":"RpcStatus","id":2},"serverIpcVersionNum":{"type":"uint32","id":3},"exceptionClassName":{"type":"string","id":4},"errorMsg":{"type":"string","id":5}}},"SaslState":{"edition":"proto2","values":{"SASL_SUCCESS":0,"NEGOTIATE":1,"INITIATE":2,"CHALLENGE":3,"RESPONSE":4,"WRAP":5}},"SaslAuth":{"edition":"proto2","fields":{"method":{"rule":"required","type":"string","id":1},"mechanism":{"rule":"required","type":"string","id":2},"protocol":{"type":"string","id":3},"serverId":{"type":"string","id":4},"challenge":{"type":"bytes","id":5}}},"RpcSasl":{"edition":"proto2","fields":{"version":{"type":"uint32","id":1},"state":{"rule":"required","type":"SaslState","id":2},"token":{"type":"bytes","id":3},"auths":{"rule":"repeated","type":"SaslAuth","id":4}}},"UserInformation":{"edition":"proto2","fields":{"effectiveUser":{"type":"string","id":1}}},"IpcConnectionContext":{"edition":"proto2","fields":{"userInfo":{"type":"UserInformation","id":2},"protocol":{"type":"string","id":3}}},"RequestHeader":{"edition":"proto2","fields":{"methodName":{"rule":"required","type":"string","id":1},"declaringClassProtocolName":{"rule":"required","type":"string","id":2},"clientProtocolVersion":{"rule":"required","type":"uint64","id":3}}},"Token":{"edition":"proto2","fields":{"identifier":{"rule":"required","type":"bytes","id":1},"password":{"rule":"required","type":"bytes","id":2},"kind":{"rule":"required","type":"string","id":3},"service":{"rule":"required","type":"string","id":4}}},"CredentialsEntry":{"edition":"proto2","fields":{"alias":{"rule":"required","type":"string","id":1},"token":{"type":"Token","id":2},"secret":{"type":"bytes","id":3}}},"Credentials":{"edition":"proto2","fields":{"tokens":{"rule":"repeated","type":"CredentialsEntry","id":1},"secrets":{"rule":"repeated","type":"CredentialsEntry","id":2}}},"ApplicationId":{"edition":"proto2","fields":{"id":{"type":"int32","id":1},"clusterTimestamp":{"type":"int64","id":2}}},"ApplicationAttemptId":{"edition":"proto2","fields":{"applicationId":{"type":"ApplicationId","id":1},"attemptId":{"type":"int32","id":2}}},"ContainerId":{"edition":"proto2","fields":{"appAttemptId":{"type":"ApplicationAttemptId","id":2},"id":{"type":"int64","id":3}}},"NodeId":{"edition":"proto2","fields":{"host":{"type":"string","id":1},"port":{"type":"int32","id":2}}},"ResourceInformation":{"edition":"proto2","fields":{"key":{"rule":"required","type":"string","id":1},"value":{"type":"int64","id":2},"units":{"type":"string","id":3}}},"Resource":{"edition":"proto2","fields":{"memory":{"type":"int64","id":1},"virtualCores":{"type":"int32","id":2},"resourceValueMap":{"rule":"repeated","type":"ResourceInformation","id":3}}},"ResourceTypeInfo":{"edition":"proto2","fields":{"name":{"rule":"required","type":"string","id":1}}},"Priority":{"edition":"proto2","fields":{"priority":{"type":"int32","id":1}}},"Container":{"edition":"proto2","fields":{"id":{"type":"ContainerId","id":1},"nodeId":{"type":"NodeId","id":2},"nodeHttpAddress":{"type":"string","id":3},"resource":{"type":"Resource","id":4},"priority":{"type":"Priority","id":5},"containerToken":{"type":"Token","id":6},"allocationRequestId":{"type":"int64","id":8}}},"ContainerState":{"edition":"proto2","values":{"C_NEW":1,"C_RUNNING":2,"C_COMPLETE":3}},"ContainerStatus":{"edition":"proto2","fields":{"containerId":{"type":"ContainerId","id":1},"state":{"type":"ContainerState","id":2},"diagnostics":{"type":"string","id":3},"exitStatus":{"type":"int32","id":4}}},"NodeState":{"edition":"proto2","values":{"NS_NEW":1,"NS_RUNNING":2,"NS_UNHEALTHY":3,"NS_DECOMMISSIONED":4,"NS_LOST":5,"NS_REBOOTED":6,"NS_DECOMMISSIONING":7,"NS_SHUTDOWN":8}},"NodeReport":{"edition":"proto2","fields":{"nodeId":{"type":"NodeId","id":1},"httpAddress":{"type":"string","id":2},"nodeState":{"type":"NodeState","id":7},"healthReport":{"type":"string","id":8}}},"ResourceRequest":{"edition":"proto2","fields":{"priority":{"type":"Priority","id":1},"resourceName":{"type":"string","id":2},"capability":{"type":"Resource","id":3},"numContainers":{"type":"int32","id":4},"relaxLocality":{"type":"bool","id":5},"nodeLabelExpression":{"type":"string","id":6},"allocationRequestId":{"type":"int64","id":8}}},"NmToken":{"edition":"proto2","fields":{"nodeId":{"type":"NodeId","id":1},"token":{"type":"Token","id":2}}},"PreemptionContainer":{"edition":"proto2","fields":{"id":{"type":"ContainerId","id":1}}},"StrictPreemptionContract":{"edition":"proto2","fields":{"container":{"rule":"repeated","type":"PreemptionContainer","id":1}}},"PreemptionContract":{"edition":"proto2","fields":{"container":{"rule":"repeated","type":"PreemptionContainer","id":2}}},"PreemptionMessage":{"edition":"proto2","fields":{"strictContract":{"type":"StrictPreemptionContract","id":1},"contract":{"type":"PreemptionContract","id":2}}},"SerializedException":{"edition":"proto2","fields":{"message":{"type":"string","id":1},"trace":{"type":"string","id":2},"className":{"type":"string","id":3},"cause":{"type":"SerializedException","id":4}}},"RegisterApplicationMasterRequest":{"edition":"proto2","fields":{"host":{"type":"string","id":1},"rpcPort":{"type":"int32","id":2},"trackingUrl":{"type":"string","id":3}}},"SchedulerResourceType":{"edition":"proto2","values":{"MEMORY":0,"CPU":1}},"RegisterApplicationMasterResponse":{"edition":"proto2","fields":{"maximumCapability":{"type":"Resource","id":1},"containersFromPreviousAttempts":{"rule":"repeated","type":"Container","id":4},"queue":{"type":"string","id":5},"nmTokensFromPreviousAttempts":{"rule":"repeated","type":"NmToken","id":6},"schedulerResourceTypes":{"rule":"repeated","type":"SchedulerResourceType","id":7},"resourceTypes":{"rule":"repeated","type":"ResourceTypeInfo","id":9}}},"BlacklistRequest":{"edition":"proto2","fields":{"additions":{"rule":"repeated","type":"string","id":1},"removals":{"rule":"repeated","type":"string","id":2}}},"AllocateRequest":{"edition":"proto2","fields":{"ask":{"rule":"repeated","type":"ResourceRequest","id":1},"release":{"rule":"repeated","type":"ContainerId","id":2},"blacklistRequest":{"type":"BlacklistRequest","id":3},"responseId":{"type":"int32","id":4},"progress":{"type":"float","id":5}}},"AmCommand":{"edition":"proto2","values":{"AM_RESYNC":1,"AM_SHUTDOWN":2}},"AllocateResponse":{"edition":"proto2","fields":{"amCommand":{"type":"AmCommand","id":1},"responseId":{"type":"int32","id":2},"allocatedContainers":{"rule":"repeated","type":"Container","id":3},"completedContainerStatuses":{"rule":"repeated","type":"ContainerStatus","id":4},"limit":{"type":"Resource","id":5},"updatedNodes":{"rule":"repeated","type":"NodeReport","id":6},"numClusterNodes":{"type":"int32","id":7},"preempt":{"type":"PreemptionMessage","id":8},"nmTokens":{"rule":"repeated","type":"NmToken","id":9},"amRmToken":{"type":"Token","id":12},"containersFromPreviousAttempts":{"rule":"repeated","type":"Container","id":17}}},"FinalApplicationStatus":{"edition":"proto2","values":{"APP_UNDEFINED":0,"APP_SUCCEEDED":1,"APP_FAILED":2,"APP_KILLED":3}},"FinishApplicationMasterRequest":{"edition":"proto2","fields":{"diagnostics":{"type":"string","id":1},"trackingUrl":{"type":"string","id":2},"finalApplicationStatus":{"type":"FinalApplicationStatus","id":3}}},"FinishApplicationMasterResponse":{"edition":"proto2","fields":{"isUnregistered":{"type":"bool","id":1}}},"Url":{"edition":"proto2","fields":{"scheme":{"type":"string","id":1},"host":{"type":"string","id":2},"port":{"type":"int32","id":3},"file":{"type":"string","id":4},"userInfo":{"type":"string","id":5}}},"LocalResourceType":{"edition":"proto2","values":{"ARCHIVE":1,"FILE":2}},"LocalResourceVisibility":{"edition":"proto2","values":{"PUBLIC":1,"PRIVATE":2,"APPLICATION":3}},"LocalResource":{"edition":"proto2","fields":{"resource":{"type":"Url","id":1},"size":{"type":"int64","id":2},"timestamp":{"type":"int64","id":3},"type":{"type":"LocalResourceType","id":4},"visibility":{"type":"LocalResourceVisibility","id":5}}},"LocalResourceEntry":{"edition":"proto2","fields":{"key":{"type":"string","id":1},"value":{"type":"LocalResource","id":2}}},"StringEntry":{"edition":"proto2","fields":{"key":{"type":"string","id":1},"value":{"type":"string","id":2}}},"ContainerLaunchContext":{"edition":"proto2","fields":{"localResources":{"rule":"repeated","type":"LocalResourceEntry","id":1},"tokens":{"type":"bytes","id":2},"environment":{"rule":"repeated","type":"StringEntry","id":4},"command":{"rule":"repeated","type":"string","id":5}}},"StartContainerRequest":{"edition":"proto2","fields":{"containerLaunchContext":{"type":"ContainerLaunchContext","id":1},"containerToken":{"type":"Token","id":2}}},"StartContainersRequest":{"edition":"proto2","fields":{"startContainerRequest":{"rule":"repeated","type":"StartContainerRequest","id":1}}},"ContainerException":{"edition":"proto2","fields":{"containerId":{"type":"ContainerId","id":1},"exception":{"type":"SerializedException","id":2}}},"StartContainersResponse":{"edition":"proto2","fields":{"succeededRequests":{"rule":"repeated","type":"ContainerId","id":2},"failedRequests":{"rule":"repeated","type":"ContainerException","id":3}}},"StopContainersRequest":{"edition":"proto2","fields":{"containerId":{"rule":"repeated","type":"ContainerId","id":1}}},"StopContainersResponse":{"edition":"proto2","fields":{"succeededRequests":{"rule":"repeated","type":"ContainerId","id":1},"failedRequests":{"rule":"repeated","type":"ContainerException","id":2}}},"GetContainerStatusesRequest":{"edition":"proto2","fields":{"containerId":{"rule":"repeated","type":"ContainerId","id":1}}},"GetContainerStatusesResponse":{"edition":"proto2","fields":{"status":{"rule":"repeated","type":"ContainerStatus","id":1},"failedRequests":{"rule":"repeated","type":"ContainerException","id":2}}}}}}}'
