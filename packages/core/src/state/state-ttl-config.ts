/** What makes the time to live of a value begin anew. `Disabled`: nothing; values do not expire. */
export type StateTtlUpdateType = 'Disabled' | 'OnCreateAndWrite' | 'OnReadAndWrite'

/** Whether a value that has expired may still be answered until it is removed. */
export type StateTtlVisibility = 'NeverReturnExpired' | 'ReturnExpiredIfNotCleanedUp'

/** How values that have expired are removed although nobody asks for them. */
export interface StateTtlCleanup {
  /**
   * With each access of the state so many further keys are looked at, in turn. `false`: none are.
   * Default: 5 keys, not with every record. Of the heap backend; others clean up in their own way.
   */
  readonly incremental?: IncrementalCleanup | false
  /** Expired values are left out of snapshots; those in the backend stay. Default false. */
  readonly onFullSnapshot?: boolean
}

export interface IncrementalCleanup {
  /** Keys that are looked at per access, at least 1. Default 5. */
  readonly cleanupSize?: number
  /** Also with each record of the operator, whether it uses the state or not. Default false. */
  readonly runForEveryRecord?: boolean
}

/**
 * Lets the values of a state expire some time after they were written (or read). Elements of a list and entries of a map
 * expire each by itself. Time is that of the machine (processing time).
 */
export interface StateTtlConfig {
  /** Milliseconds, above 0. A value has expired when its last access is so long ago. */
  readonly ttlMs: number
  /** Default `OnCreateAndWrite`. */
  readonly updateType?: StateTtlUpdateType
  /** Default `NeverReturnExpired`. */
  readonly stateVisibility?: StateTtlVisibility
  readonly cleanup?: StateTtlCleanup
}
