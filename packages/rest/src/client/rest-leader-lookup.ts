/** Finds the REST endpoint of the JobManager that leads, among several. */
export interface RestLeaderLookup {
  /** Where it looks, for messages: `ZooKeeper at a:2181,b:2181`. */
  readonly description: string
  /**
   * Waits until somebody leads who is not at `unlike`, for `patienceMs` at most. Leaves nothing open.
   *
   * @returns base URL of whoever leads then, also if that is `unlike`; undefined: nobody
   */
  find(options: {
    readonly patienceMs: number
    readonly unlike?: string | undefined
  }): Promise<string | undefined>
}

/** How a client bears that leaders change. */
export interface LeaderChanges {
  /** How long a call is repeated that finds nobody, or no leader, once the cluster has answered. */
  readonly patienceMs: number
  /** The same before it has ever answered. */
  readonly firstPatienceMs: number
  /** Calls begin to be repeated, for this reason. */
  readonly onWaiting?: (reason: Error) => void
  /** Somebody answers again. */
  readonly onFound?: () => void
  /** Default: always the same address, whose JobManager passes calls on to the leader. */
  readonly lookup?: RestLeaderLookup
}
