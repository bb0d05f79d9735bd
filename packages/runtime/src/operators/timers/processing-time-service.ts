import type { CancelTimer } from '@flink-ts/core'

/** The clock of an operator. What it calls runs in the task's thread, between two records. */
export interface ProcessingTimeService {
  /** Milliseconds since the epoch. */
  currentTimeMs(): number
  /**
   * Calls `action` once, when the clock has reached `timestampMs` (soon, if it has already), and never within this call. An
   * error of `action` fails the task; a promise holds the task up. Not called any more after the operator has finished or was closed.
   *
   * @param description for logs
   */
  registerTimer(
    timestampMs: number,
    action: (timestampMs: number) => void | Promise<void>,
    description?: string,
  ): CancelTimer
}
