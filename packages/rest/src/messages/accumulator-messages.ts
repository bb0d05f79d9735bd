/** One accumulator of user functions. */
export interface UserAccumulatorBody {
  readonly name: string
  /** Its kind, such as `IntCounter`. */
  readonly type: string
  /** For people. */
  readonly value: string
}

export interface JobAccumulatorsBody {
  readonly 'job-accumulators': readonly unknown[]
  readonly 'user-task-accumulators': readonly UserAccumulatorBody[]
  /** By name, as in `accumulator-results` of a job's result; only if it was asked for. */
  readonly 'serialized-user-task-accumulators': Readonly<Record<string, string>>
}

export interface JobVertexAccumulatorsBody {
  readonly id: string
  readonly 'user-accumulators': readonly UserAccumulatorBody[]
}

export interface SubtasksAllAccumulatorsBody {
  readonly id: string
  readonly parallelism: number
  readonly subtasks: readonly {
    readonly subtask: number
    readonly attempt: number
    readonly endpoint: string
    readonly 'user-accumulators': readonly UserAccumulatorBody[]
  }[]
}

export interface SubtaskAttemptAccumulatorsBody {
  readonly subtask: number
  readonly attempt: number
  readonly id: string
  readonly 'user-accumulators': readonly UserAccumulatorBody[]
}

export interface SubtasksTimesBody {
  readonly id: string
  readonly name: string
  readonly now: number
  readonly subtasks: readonly {
    readonly subtask: number
    readonly endpoint: string
    readonly duration: number
    /** When each state was entered, ms since the epoch; 0: never. */
    readonly timestamps: Readonly<Record<string, number>>
  }[]
}
