/** The part of an operator that runs once per job, on the JobMaster. Called in its main thread. */
export interface OperatorCoordinator {
  /** The job begins. Once. */
  start(): void
  /** An operator of subtask `subtask` sent an event; in order, each once. */
  handleEventFromOperator(subtask: number, event: Uint8Array): void
  /** The subtask's attempt has ended, however; events to it are lost from now on. */
  executionEnded(subtask: number): void
  /** The subtask begins a new attempt without the state of the one before. */
  subtaskReset(subtask: number): void
  /** All subtasks begin new attempts without state. */
  reset(): void
  /** The job stops: every subtask, also one that begins later, ends its input where it is. Sources only. */
  stop?(): void
  /** Idempotent. */
  close(): void
}

/** What a coordinator is given. */
export interface CoordinatorContext {
  readonly operatorName: string
  /** Number of the operator's subtasks. */
  readonly parallelism: number
  /** Sends to the current attempt of a subtask: in order, each once; lost when the attempt ends. */
  sendEvent(subtask: number, event: Uint8Array): void
  /** The job cannot go on like this: all tasks restart, or the job fails. */
  failJob(cause: unknown): void
  /** Runs an action in the main thread. */
  execute(action: () => void): void
}
