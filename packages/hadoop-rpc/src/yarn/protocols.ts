import type {
  Container,
  ContainerId,
  ContainerStatus,
  NodeManagerToken,
  NodeReport,
  PreemptionMessage,
  ResourceRequest,
  Token,
  YarnResource,
} from './records.js'

/** Settings of one call. */
export interface HadoopCallOptions {
  /** Milliseconds in which the answer must be there; default: that of the client. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export interface RegisterApplicationMasterRequest {
  readonly host: string
  /** Shown in application reports; clients find the REST endpoint by it. */
  readonly rpcPort: number
  /** Empty: none. */
  readonly trackingUrl: string
}

export interface RegisterApplicationMasterResponse {
  readonly maximumCapability: YarnResource
  readonly queue: string
  /** Those that outlived an earlier attempt of the application (`keep-containers`). */
  readonly containersFromPreviousAttempts: readonly Container[]
  readonly nmTokensFromPreviousAttempts: readonly NodeManagerToken[]
  /** Names of the resources that the scheduler looks at, such as `memory-mb` and `vcores`. */
  readonly schedulerResourceTypes: readonly string[]
}

export interface AllocateRequest {
  /** 0 first, then that of the last answer. */
  readonly responseId: number
  readonly asks: readonly ResourceRequest[]
  readonly releases: readonly ContainerId[]
  readonly blacklistAdditions: readonly string[]
  readonly blacklistRemovals: readonly string[]
  /** 0 to 1. */
  readonly progress: number
}

export type AmCommand = 'RESYNC' | 'SHUTDOWN'

export interface AllocateResponse {
  readonly responseId: number
  readonly allocatedContainers: readonly Container[]
  readonly completedContainers: readonly ContainerStatus[]
  readonly containersFromPreviousAttempts: readonly Container[]
  readonly updatedNodes: readonly NodeReport[]
  readonly nmTokens: readonly NodeManagerToken[]
  /** What the application may still get. */
  readonly availableResources?: YarnResource
  readonly numClusterNodes: number
  /** The key of the tokens was rolled: use this one with the next connection. */
  readonly amRmToken?: Token
  readonly amCommand?: AmCommand
  readonly preemption?: PreemptionMessage
}

export type FinalApplicationStatus = 'SUCCEEDED' | 'FAILED' | 'KILLED'

export interface FinishApplicationMasterRequest {
  readonly status: FinalApplicationStatus
  readonly diagnostics: string
  readonly trackingUrl: string
}

/**
 * The ApplicationMaster's side of YARN's ResourceManager. A call without an answer throws HadoopConnectionError, whose `outcome` says
 * whether it may have been carried out. What the ResourceManager refuses is a RemoteException with the Java class; a token that it does not
 * take is a HadoopAuthenticationError (see `isInvalidToken`), and what does not speak Hadoop IPC is a HadoopProtocolError.
 */
export interface ApplicationMasterProtocol {
  registerApplicationMaster(
    request: RegisterApplicationMasterRequest,
    options?: HadoopCallOptions,
  ): Promise<RegisterApplicationMasterResponse>
  allocate(request: AllocateRequest, options?: HadoopCallOptions): Promise<AllocateResponse>
  /** To be repeated until it answers true. */
  finishApplicationMaster(
    request: FinishApplicationMasterRequest,
    options?: HadoopCallOptions,
  ): Promise<{ readonly isUnregistered: boolean }>
  /** Of the newest token (`AllocateResponse.amRmToken`), for connections to come. */
  setToken(token: Token): void
  close(): Promise<void>
}

export type LocalResourceType = 'FILE' | 'ARCHIVE'
export type LocalResourceVisibility = 'PUBLIC' | 'PRIVATE' | 'APPLICATION'

/** A file that a NodeManager brings to a container before it starts. */
export interface LocalResource {
  /** Such as `hdfs://host:port/path` or `file:///path`. */
  readonly url: string
  readonly type: LocalResourceType
  readonly visibility: LocalResourceVisibility
  /** Bytes, exactly. */
  readonly size: number
  /** Modification time in milliseconds, exactly. */
  readonly timestamp: number
}

export interface ContainerLaunchContext {
  /** By the name in the container's folder. */
  readonly localResources: Readonly<Record<string, LocalResource>>
  readonly environment: Readonly<Record<string, string>>
  /** Run by bash inside double quotes: no double quote in it; `<LOG_DIR>` is replaced. */
  readonly commands: readonly string[]
  /** Content of the container's `container_tokens`; absent: none. */
  readonly tokens?: Uint8Array
}

export interface StartContainersResponse {
  readonly started: readonly ContainerId[]
  readonly failed: ReadonlyMap<ContainerId, Error>
}

/** A NodeManager, for the containers of one application. Calls throw as those of {@link ApplicationMasterProtocol}. */
export interface ContainerManagementProtocol {
  startContainers(
    requests: readonly {
      readonly containerToken: Token
      readonly launchContext: ContainerLaunchContext
    }[],
    options?: HadoopCallOptions,
  ): Promise<StartContainersResponse>
  /** Those that are not there any more count as stopped. */
  stopContainers(
    ids: readonly ContainerId[],
    options?: HadoopCallOptions,
  ): Promise<{ readonly failed: ReadonlyMap<ContainerId, Error> }>
  getContainerStatuses(
    ids: readonly ContainerId[],
    options?: HadoopCallOptions,
  ): Promise<{
    readonly statuses: readonly ContainerStatus[]
    readonly failed: ReadonlyMap<ContainerId, Error>
  }>
  close(): Promise<void>
}

/** Makes a client of a NodeManager; `applicationAttemptId` of the token proves which application asks. */
export type NodeManagerConnector = (address: string, token: Token) => ContainerManagementProtocol
