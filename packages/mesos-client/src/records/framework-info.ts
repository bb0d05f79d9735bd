/** What a framework can do, so that the master treats it accordingly. */
export type FrameworkCapability =
  | 'PARTITION_AWARE'
  | 'TASK_KILLING_STATE'
  | 'MULTI_ROLE'
  | 'GPU_RESOURCES'
  | 'RESERVATION_REFINEMENT'
  | 'REVOCABLE_RESOURCES'
  | 'SHARED_RESOURCES'
  | 'REGION_AWARE'

/** How a framework presents itself. */
export interface FrameworkInfo {
  readonly name: string
  /** Unix user of its executors; empty: that of the agent's choice, which masters refuse unless it is given. */
  readonly user: string
  /** Of an earlier subscription. */
  readonly id?: string
  /** With MULTI_ROLE. */
  readonly roles: readonly string[]
  readonly principal?: string
  /** Seconds in which the framework may come back before its tasks are killed and its id is retired. */
  readonly failoverTimeoutSeconds: number
  /** Whether executors outlive their agent's process. */
  readonly checkpoint: boolean
  readonly hostname?: string
  readonly webuiUrl?: string
  readonly capabilities: readonly FrameworkCapability[]
  readonly labels?: Readonly<Record<string, string>>
}
