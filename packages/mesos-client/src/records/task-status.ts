/** Flows in one direction but for UNREACHABLE, from which a task may come back, and LOST of frameworks that are not partition-aware. */
export type MesosTaskState =
  | 'TASK_STAGING'
  | 'TASK_STARTING'
  | 'TASK_RUNNING'
  | 'TASK_KILLING'
  | 'TASK_FINISHED'
  | 'TASK_FAILED'
  | 'TASK_KILLED'
  | 'TASK_ERROR'
  | 'TASK_LOST'
  | 'TASK_DROPPED'
  | 'TASK_UNREACHABLE'
  | 'TASK_GONE'
  | 'TASK_GONE_BY_OPERATOR'
  | 'TASK_UNKNOWN'
  /** Not of Mesos: one that is not known here, or none at all; see {@link TaskStatus.stateName}. */
  | 'TASK_UNRECOGNIZED'

/** What is known of a task at some moment. */
export interface TaskStatus {
  readonly taskId: string
  readonly state: MesosTaskState
  /** What Mesos calls a state that is not known here; absent otherwise, or where it says none. */
  readonly stateName?: string
  /** For people. */
  readonly message?: string
  readonly source?: 'SOURCE_MASTER' | 'SOURCE_AGENT' | 'SOURCE_EXECUTOR'
  /** `REASON_…`. */
  readonly reason?: string
  readonly agentId?: string
  readonly executorId?: string
  /**
   * Base64 of 16 bytes. There: the status comes from the agent, which repeats it until it is acknowledged with exactly this. Absent: made
   * by the master, never repeated, not to be acknowledged.
   */
  readonly uuid?: string
  /** Seconds since the epoch. */
  readonly timestamp?: number
  readonly healthy?: boolean
}
