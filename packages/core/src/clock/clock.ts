/** Cancels a scheduled action; calling it again, or after the action ran, does nothing. */
export type CancelTimer = () => void

/**
 * Source of time and timers. Nothing but {@link SystemClock} calls `Date.now` or `setTimeout`:
 * whoever needs time is handed a `Clock`, so that a simulation can run it on virtual time.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch. */
  now(): number
  /** Monotonic time in milliseconds with a fraction; only differences mean anything. */
  monotonicNow(): number
  /**
   * Runs `action` once, `delayMs` from now, never before this call returned.
   * Actions due at the same moment run in the order in which they were scheduled.
   */
  schedule(delayMs: number, action: () => void): CancelTimer
}
