import type { KeyedStateStore, OperatorStateStore } from './state-stores.js'

/** What a {@link CheckpointedFunction} begins with. */
export interface FunctionInitializationContext {
  /** The job goes on from a checkpoint or savepoint; state that it did not have is empty. */
  readonly isRestored: boolean
  readonly restoredCheckpointId: bigint | undefined
  readonly operatorStateStore: OperatorStateStore
  /** Behind `keyBy`. */
  readonly keyedStateStore: KeyedStateStore
}

/** The checkpoint that a {@link CheckpointedFunction} is to put its state into. */
export interface FunctionSnapshotContext {
  readonly checkpointId: bigint
  /** When it was triggered, in ms since the epoch. */
  readonly timestampMs: number
  readonly isSavepoint: boolean
}

/** A function object whose fields are in checkpoints, by what it puts into operator state. Its two methods go together. */
export interface CheckpointedFunction {
  /** Before `open`, also when the job begins anew: asks for state, and takes back what is in it. */
  initializeState(context: FunctionInitializationContext): void | Promise<void>
  /** Between two records: puts the fields into state. Must not emit. While it answers a promise nothing else happens in the task. */
  snapshotState(context: FunctionSnapshotContext): void | Promise<void>
}

/**
 * A function object that is told what became of checkpoints. A notification may be missing when a later one comes. Its task ends
 * after a checkpoint that holds the end of its input, if the job takes checkpoints.
 */
export interface CheckpointListener {
  /** The checkpoint, and all before it, can be restored from: what waited for that may be made visible. */
  notifyCheckpointComplete(checkpointId: bigint): void | Promise<void>
  notifyCheckpointAborted?(checkpointId: bigint): void | Promise<void>
}
