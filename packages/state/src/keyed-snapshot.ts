import type { KeyGroupRange } from '@flink-ts/core'
import type { SharedState } from './checkpoint/state-handle.js'
import type { StateStreams } from './checkpoint/state-output-stream.js'
import type { SnapshotSummary } from './snapshot/snapshot-writer.js'

export interface SnapshotOptions {
  /**
   * The snapshot stands alone, in the canonical format: of savepoints, and of a first checkpoint that must not refer to files of
   * others. Default false: the backend may refer to shared files.
   */
  readonly full?: boolean
}

/**
 * The keyed state of one subtask as it was when the snapshot was taken. The owner calls {@link writeSlice} in the task's thread
 * until it answers true, writes what {@link takePending} answers to a file meanwhile, then calls {@link finish} and takes
 * the last bytes. {@link release} must be called, however it ended. `storeKeyedSnapshot` does all of this.
 */
export interface KeyedSnapshot {
  readonly checkpointId: bigint
  readonly keyGroups: KeyGroupRange
  /**
   * Encodes for about `budgetMs` at most, one entry at least. Entries that the task touches in between are encoded when it does.
   *
   * @returns whether all is written
   * @throws StateValueError (FLINK_STATE_VALUE) if a value cannot be written, also for one that the task touched: the snapshot is lost,
   * the task's access was not disturbed
   */
  writeSlice(budgetMs: number): boolean
  /** Bytes that wait in {@link takePending}. */
  readonly pendingBytes: number
  /** The bytes of the file since the last call, in order. */
  takePending(): Buffer[]
  /** Ends the file, once, after {@link writeSlice} answered true. There is no entry if `keyGroups` of the answer is empty. */
  finish(): SnapshotSummary
  /**
   * Stores files that several checkpoints use and answers all that this snapshot needs. To be called before {@link finish}, if it is
   * there: what it answers belongs into the handle.
   */
  storeShared?(streams: StateStreams): Promise<readonly SharedState[]>
  /** Entries need not be kept any more. Idempotent. */
  release(): void
}
