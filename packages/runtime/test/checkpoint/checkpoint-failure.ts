export const EVERY_SECOND = { intervalMs: 1000 }

/** What the error of a checkpoint that failed for a reason is like. */
export const failure = (reason: string) => ({
  code: 'FLINK_CHECKPOINT_FAILED',
  message: new RegExp(`\\b${reason}\\b`),
})
