/** What the job says of its checkpoints: values of the keys `execution.checkpointing.*`. */
export interface CheckpointSettings {
  /** `interval`; undefined: none but those that are asked for. */
  readonly intervalMs: number | undefined
  readonly timeoutMs: number
  /** `min-pause`; above 0 there is one at a time. */
  readonly minPauseMs: number
  readonly maxConcurrentCheckpoints: number
  readonly tolerableFailedCheckpoints: number
  readonly retention: CheckpointRetention
  readonly mode: 'EXACTLY_ONCE' | 'AT_LEAST_ONCE'
  readonly unaligned: boolean
  readonly alignedTimeoutMs: number
  readonly checkpointsAfterTasksFinish: boolean
  /** `web.checkpoints.history`. */
  readonly historySize: number
}

/** `externalized-checkpoint-retention`: what stays when the job ends otherwise than by itself. */
export type CheckpointRetention =
  | 'DELETE_ON_CANCELLATION'
  | 'RETAIN_ON_CANCELLATION'
  | 'NO_EXTERNALIZED_CHECKPOINTS'

/** Flink's. */
export const DEFAULT_CHECKPOINT_SETTINGS: CheckpointSettings = {
  intervalMs: undefined,
  timeoutMs: 10 * 60 * 1000,
  minPauseMs: 0,
  maxConcurrentCheckpoints: 1,
  tolerableFailedCheckpoints: 0,
  retention: 'NO_EXTERNALIZED_CHECKPOINTS',
  mode: 'EXACTLY_ONCE',
  unaligned: false,
  alignedTimeoutMs: 0,
  checkpointsAfterTasksFinish: true,
  historySize: 10,
}

/** How many may be pending: one with a pause, or unaligned. */
export function effectiveMaxConcurrent(settings: CheckpointSettings): number {
  return settings.minPauseMs > 0 || settings.unaligned ? 1 : settings.maxConcurrentCheckpoints
}

/** Whether a completed checkpoint outlives a job that ends like this. A job that is suspended goes on elsewhere. */
export function isRetained(
  retention: CheckpointRetention,
  jobStatus: 'FINISHED' | 'CANCELED' | 'FAILED' | 'SUSPENDED',
): boolean {
  switch (jobStatus) {
    case 'FINISHED':
      return false
    case 'CANCELED':
      return retention === 'RETAIN_ON_CANCELLATION'
    case 'FAILED':
      return retention !== 'NO_EXTERNALIZED_CHECKPOINTS'
    case 'SUSPENDED':
      return true
  }
}
