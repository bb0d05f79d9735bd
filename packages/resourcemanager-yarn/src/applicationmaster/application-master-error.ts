import { FlinkError } from '@flink-ts/core'
import { whyOf } from './refusal.js'

/** This attempt of the application is not the one that YARN wants: whatever it holds belongs to another. */
export function attemptGone(cause: unknown): FlinkError {
  return new FlinkError(
    `YARN does not take this ApplicationMaster (any more): ${whyOf(cause)}; a newer attempt of the application is there, or it has ended`,
    { code: 'FLINK_YARN_APPLICATION_MASTER', cause },
  )
}

/** Heartbeats were numbered differently on both sides. */
export function outOfStep(cause: unknown): FlinkError {
  return new FlinkError(
    `YARN refuses the heartbeats of this ApplicationMaster: ${whyOf(cause)}; its next attempt can begin anew`,
    { code: 'FLINK_YARN_APPLICATION_MASTER', cause },
  )
}
