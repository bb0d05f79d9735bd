import type { CancelTimer } from '@flink-ts/core'

/** What a coordinator begins with: its part of a checkpoint. */
export interface RestoredCoordinator {
  readonly checkpointId: bigint
  /** What it answered to `checkpoint`; undefined: the checkpoint has nothing of it. */
  readonly state: Uint8Array | undefined
}

/** The part of an operator that runs once per job, on the JobMaster. Called in its main thread. */
export interface OperatorCoordinator {
  /** The job begins without state. Once, unless {@link reset} is called in its place. */
  start(): void
  /** An operator of subtask `subtask` sent an event; in order, each once. */
  handleEventFromOperator(subtask: number, event: Uint8Array): void
  /** The subtask's attempt has ended, however; events to it are lost from now on. */
  executionEnded(subtask: number): void
  /**
   * The subtask begins a new attempt with its part of a checkpoint.
   *
   * @param checkpointId that it begins with; undefined: with nothing
   */
  subtaskReset(subtask: number, checkpointId?: bigint): void
  /** All subtasks begin new attempts. @param restored what the job begins with; undefined: with nothing */
  reset(restored?: RestoredCoordinator): void
  /**
   * Takes its snapshot; a promise stands for the state at this turn. Events sent before it are in the cut, later ones are
   * not. Absent: there is nothing to keep. What it throws lets the checkpoint fail.
   */
  checkpoint?(checkpointId: bigint): Uint8Array | Promise<Uint8Array>
  /**
   * May be left out for some; what holds for `checkpointId` holds for all before.
   *
   * @param oldestKept nobody will begin with an older one, nor with none
   */
  notifyCheckpointComplete?(checkpointId: bigint, oldestKept: bigint): void
  notifyCheckpointAborted?(checkpointId: bigint): void
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
  /** Runs an action in the main thread, later; it is to be cancelled by `close`. */
  schedule(delayMs: number, action: () => void): CancelTimer
}
