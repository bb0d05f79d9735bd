/**
 * Text form of a container's id, such as `container_e05_1700000000000_0001_01_000002`: the one form in which ids are
 * passed on here, because their number (epoch << 40 | sequence) does not fit into a JavaScript number.
 */
export type ContainerId = string & { readonly __brand?: 'ContainerId' }

/** Text form, such as `application_1700000000000_0001`. */
export type ApplicationId = string & { readonly __brand?: 'ApplicationId' }

/** Where a NodeManager listens. */
export interface NodeId {
  readonly host: string
  readonly port: number
}

/** A size that YARN counts in. */
export interface YarnResource {
  readonly memoryMb: number
  readonly vcores: number
  /** Further kinds by their names, such as `yarn.io/gpu`, in the base unit of the kind. */
  readonly others: Readonly<Record<string, number>>
}

/** What proves to a daemon that its owner may talk to it. Never logged. */
export interface Token {
  readonly identifier: Uint8Array
  readonly password: Uint8Array
  /** Such as `YARN_AM_RM_TOKEN` or `NMToken`. */
  readonly kind: string
  /** `host:port` of the service, or empty. */
  readonly service: string
}

/** The token for one NodeManager; a newer one replaces it. */
export interface NodeManagerToken {
  readonly nodeId: NodeId
  readonly token: Token
}

/** A container that was allocated. */
export interface Container {
  readonly id: ContainerId
  readonly nodeId: NodeId
  /** `host:port` of the NodeManager's pages; empty if unknown. */
  readonly nodeHttpAddress: string
  readonly resource: YarnResource
  readonly priority: number
  readonly allocationRequestId: number
  /** Proves the allocation to the NodeManager; good for one start. */
  readonly containerToken: Token
}

export type ContainerState = 'NEW' | 'RUNNING' | 'COMPLETE'

export interface ContainerStatus {
  readonly id: ContainerId
  readonly state: ContainerState
  /** Of the process (0-255), or one of YARN's negative ones, see `ContainerExitStatus`. */
  readonly exitCode: number
  readonly diagnostics: string
}

/**
 * How many containers are wanted in all, per (priority, resourceName, capability, allocationRequestId): absolute, and in force until
 * satisfied or replaced by another number.
 */
export interface ResourceRequest {
  readonly priority: number
  /** A host, a rack, or `*` for any. */
  readonly resourceName: string
  readonly capability: YarnResource
  readonly numContainers: number
  readonly relaxLocality: boolean
  readonly nodeLabelExpression?: string
  readonly allocationRequestId: number
}

export type NodeState =
  | 'NEW'
  | 'RUNNING'
  | 'UNHEALTHY'
  | 'DECOMMISSIONED'
  | 'LOST'
  | 'REBOOTED'
  | 'DECOMMISSIONING'
  | 'SHUTDOWN'

export interface NodeReport {
  readonly nodeId: NodeId
  readonly state: NodeState
  readonly httpAddress: string
  readonly healthReport: string
}

/** Containers that YARN wants back. */
export interface PreemptionMessage {
  /** Will be taken whatever happens. */
  readonly strict: readonly ContainerId[]
  /** Will be taken unless others of the same size are given back. */
  readonly negotiable: readonly ContainerId[]
}
