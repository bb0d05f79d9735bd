import type { ContainerLaunchContext, YarnResource } from '@flink-ts/hadoop-rpc'

/** An id for an application to be, and what one container can have. */
export interface NewApplication {
  readonly applicationId: string
  readonly maximumCapability: YarnResource
}

export type YarnApplicationState =
  | 'NEW'
  | 'NEW_SAVING'
  | 'SUBMITTED'
  | 'ACCEPTED'
  | 'RUNNING'
  | 'FINISHED'
  | 'FAILED'
  | 'KILLED'

export type YarnFinalStatus = 'UNDEFINED' | 'SUCCEEDED' | 'FAILED' | 'KILLED' | 'ENDED'

export interface YarnApplicationReport {
  readonly applicationId: string
  readonly user: string
  readonly name: string
  readonly queue: string
  readonly type: string
  readonly state: YarnApplicationState
  readonly finalStatus: YarnFinalStatus
  readonly diagnostics: string
  /** `host:port` that the ApplicationMaster registered with; undefined: none is registered. */
  readonly amRpcAddress?: string
  /** Empty: none. */
  readonly trackingUrl: string
}

export interface YarnApplicationAttempt {
  /** The number of the attempt, from 1. */
  readonly id: number
  /** Of the ApplicationMaster; empty while there is none. */
  readonly containerId: string
  /** `host:port` of its NodeManager's pages; empty while there is none. */
  readonly nodeHttpAddress: string
}

/** What the whole cluster has. */
export interface YarnClusterMetrics {
  readonly activeNodes: number
  readonly totalMb: number
  readonly availableMb: number
  readonly totalVcores: number
  readonly availableVcores: number
}

export interface YarnNode {
  /** `host:port`. */
  readonly id: string
  readonly state: string
  readonly availableMb: number
  readonly usedMb: number
  readonly availableVcores: number
  readonly usedVcores: number
}

/** Everything that YARN is told of an application. */
export interface ApplicationSubmission {
  readonly applicationId: string
  readonly name: string
  readonly type: string
  readonly tags: readonly string[]
  /** Undefined: that of YARN. */
  readonly queue: string | undefined
  readonly priority: number | undefined
  readonly maxAttempts: number
  readonly keepContainers: boolean
  /** Milliseconds; -1: all failures count. */
  readonly attemptFailuresValidityIntervalMs: number
  readonly nodeLabelExpression: string | undefined
  readonly resource: { readonly memoryMb: number; readonly vcores: number }
  readonly launchContext: ContainerLaunchContext
  readonly acls: { readonly view?: string | undefined; readonly modify?: string | undefined }
  readonly rolledLogs: {
    readonly include?: string | undefined
    readonly exclude?: string | undefined
  }
}

const FINAL: ReadonlySet<YarnApplicationState> = new Set(['FINISHED', 'FAILED', 'KILLED'])

/** Whether an application in this state has ended. */
export function isFinalState(state: YarnApplicationState): boolean {
  return FINAL.has(state)
}
