/** Why a batch of what a task processes ended. END_OF_DATA comes once, before END_OF_INPUT. */
export type HeadResult = 'MORE' | 'NOTHING_AVAILABLE' | 'END_OF_DATA' | 'END_OF_INPUT'

/** What keeps the head of a chain busy: the gates that feed it, or the source that it is. */
export interface HeadDriver {
  /** Records that the head has taken from the network. */
  readonly recordCount: number
  /** Has the head process some of what is there, without waiting. */
  processBatch(): HeadResult
  /**
   * Its data end here: nothing more is processed, `processBatch` only reads to the end of the input.
   *
   * @param drain event time goes to its end first; sources only
   */
  end(drain: boolean): void
  /** Looks at barriers that overtake records, and processes nothing. @returns whether there were any */
  pollPriority(): boolean
  /** Calls `callback` once when `pollPriority` may find some, never synchronously. Replaces `onAvailable`. */
  onPriority(callback: () => void): void
  /** After NOTHING_AVAILABLE: calls `callback` once when there may be something, never synchronously. */
  onAvailable(callback: () => void): void
}
