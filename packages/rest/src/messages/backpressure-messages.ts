/** Levels by the share of time: up to a tenth `ok`, up to half `low`, `high` above. */
export type BackPressureLevel = 'ok' | 'low' | 'high'

/** Flink's `SubtaskBackPressureInfo`. Ratios of 0 to 1 that add up to about 1. */
export interface SubtaskBackPressureBody {
  readonly subtask: number
  readonly 'attempt-number': number
  readonly backpressureLevel: BackPressureLevel
  /** The same under its older name. */
  readonly 'backpressure-level': BackPressureLevel
  readonly ratio: number
  readonly idleRatio: number
  readonly busyRatio: number
}

/** Flink's `JobVertexBackPressureInfo`. Only the status while no subtask has told its metrics. */
export type JobVertexBackPressureBody =
  | { readonly status: 'deprecated' }
  | {
      readonly status: 'ok'
      /** Of the subtask that is worst. */
      readonly backpressureLevel: BackPressureLevel
      /** The same under its older name. */
      readonly 'backpressure-level': BackPressureLevel
      /** ms since the epoch. */
      readonly 'end-timestamp': number
      readonly subtasks: readonly SubtaskBackPressureBody[]
    }
