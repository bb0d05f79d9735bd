interface ReasonFacts {
  /** For people; a whole sentence part. */
  readonly text: string
  /** Whether it counts against `execution.checkpointing.tolerable-failed-checkpoints`. */
  readonly counts: boolean
}

const counted = (text: string): ReasonFacts => ({ text, counts: true })
const ignored = (text: string): ReasonFacts => ({ text, counts: false })

/** Why a checkpoint was not begun or not completed. Names are Flink's. */
export const CHECKPOINT_FAILURE_REASONS = {
  PERIODIC_SCHEDULER_SHUTDOWN: ignored('periodic checkpoints are stopped'),
  TOO_MANY_CHECKPOINT_REQUESTS: ignored('too many requests for checkpoints wait'),
  MINIMUM_TIME_BETWEEN_CHECKPOINTS: ignored('the pause after the last checkpoint is not over'),
  NOT_ALL_REQUIRED_TASKS_RUNNING: ignored('not all tasks that must take part are running'),
  BLOCKING_OUTPUT_EXIST: ignored('a task has a blocking output'),
  TRIGGER_CHECKPOINT_FAILURE: ignored('it could not be triggered'),
  IO_EXCEPTION: counted('its files could not be written'),
  CHECKPOINT_EXPIRED: counted('it took longer than execution.checkpointing.timeout'),
  CHECKPOINT_SUBSUMED: ignored('a later checkpoint was completed'),
  CHECKPOINT_DECLINED: counted('a task declined it'),
  CHECKPOINT_ASYNC_EXCEPTION: counted('the asynchronous part of a task failed'),
  CHECKPOINT_DECLINED_TASK_NOT_READY: ignored('a task was not ready'),
  CHECKPOINT_DECLINED_TASK_CLOSING: ignored('a task was closing'),
  CHECKPOINT_DECLINED_SUBSUMED: ignored('a task had begun a later checkpoint'),
  CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER: ignored('a task upstream gave it up'),
  CHECKPOINT_DECLINED_INPUT_END_OF_STREAM: ignored('an input of a task had ended'),
  CHECKPOINT_COORDINATOR_SHUTDOWN: ignored('the job has ended'),
  CHECKPOINT_COORDINATOR_SUSPEND: ignored('checkpoints of the job are suspended'),
  JOB_FAILOVER_REGION: ignored('a region of the job is restarted'),
  TASK_FAILURE: ignored('a task has failed'),
  FINALIZE_CHECKPOINT_FAILURE: counted('it could not be completed'),
} as const satisfies Record<string, ReasonFacts>

export type CheckpointFailureReason = keyof typeof CHECKPOINT_FAILURE_REASONS
