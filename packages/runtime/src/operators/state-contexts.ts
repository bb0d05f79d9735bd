import type { OperatorId } from '@flink-ts/core'
import type {
  KeyedRestore,
  KeyedSnapshot,
  OperatorRestore,
  OperatorSnapshot,
  OperatorStateBackend,
} from '@flink-ts/state'

/** What an operator is told before it opens: whether it goes on from a checkpoint, and its operator state. */
export interface StateInitializationContext {
  /** The checkpoint or savepoint that the job goes on from; undefined: it begins anew. */
  readonly restoredCheckpointId: bigint | undefined
  /** State of the operator that belongs to no key, with what was restored in it. Made on first use. */
  operatorState(): OperatorStateBackend
}

/** The checkpoint that an operator is to put its state into. */
export interface StateSnapshotContext {
  readonly checkpointId: bigint
  /** When it was triggered, in ms since the epoch. */
  readonly timestampMs: number
  readonly isSavepoint: boolean
  /** It refers to no files of other checkpoints: a savepoint, or the first checkpoint after one that was not claimed. */
  readonly isFull: boolean
}

/** What a task's operators go on from. */
export interface ChainRestore {
  readonly checkpointId: bigint
  /** Operators that are missing had no state and begin empty. */
  readonly operators: ReadonlyMap<OperatorId, OperatorRestoreSource>
}

/** The state of one operator in one subtask, opened for reading. */
export interface OperatorRestoreSource {
  readonly keyed?: KeyedRestore
  readonly operatorState?: OperatorRestore
}

/**
 * The state of one operator as it was in the synchronous part of a checkpoint. Whoever takes it stores both parts, and releases
 * the keyed one, however that ends.
 */
export interface OperatorSnapshots {
  readonly operatorId: OperatorId
  readonly operatorName: string
  /** Absent: the operator has no keyed state and no timers. */
  readonly keyed?: KeyedSnapshot
  /** Absent: the operator has no operator state. */
  readonly operatorState?: OperatorSnapshot
}

/** How the data of an operator end. */
export interface FinishContext {
  /**
   * A checkpoint follows that holds everything, and the operator is told when it is complete: what must not be seen
   * before is kept until then. Otherwise nothing follows, and the operator does all at once.
   */
  readonly checkpointFollows: boolean
}
