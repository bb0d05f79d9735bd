import type {
  AggregatingState,
  AggregatingStateDescriptor,
  Clock,
  KeyGroupRange,
  KeyHandleSource,
  ListState,
  ListStateDescriptor,
  MapState,
  MapStateDescriptor,
  ReducingState,
  ReducingStateDescriptor,
  SerializerRegistry,
  ValueState,
  ValueStateDescriptor,
} from '@flink-ts/core'
import type { KeyedRestore } from './keyed-restore.js'
import type { KeyedSnapshot, SnapshotOptions } from './keyed-snapshot.js'
import type { StateType } from './snapshot/snapshot-description.js'
import type { TimerStateSource } from './timer-state-source.js'

/**
 * Holds the state of the keys of one subtask. All access is for the current key; it is synchronous and
 * belongs to the task's thread.
 *
 * Order of life: made → {@link restore}, if there is something → states and timers are asked for → records, snapshots → {@link close}.
 * What is restored and not asked for stays and is in all later snapshots.
 */
export interface KeyedStateBackend {
  /** Number of key groups of the job's operator; a key's group follows from it. */
  readonly maxParallelism: number
  /** The key groups that this subtask owns. */
  readonly keyGroupRange: KeyGroupRange

  /**
   * Makes `key` the one that state is read and written for, until the next call. The key is kept by
   * reference: a tuple or object must not be changed afterwards.
   *
   * @throws KeyNotSupportedError, at the latest on the first access, if it cannot be a key
   * @throws KeyGroupOutOfRangeError, at the latest on the first access, if another subtask owns it
   */
  setCurrentKey(key: unknown): void
  /** The current key; undefined outside of the processing of a keyed record. */
  readonly currentKey: unknown
  /** State is out of reach until the next {@link setCurrentKey}. */
  clearCurrentKey(): void

  /**
   * The value state of this name, the same object for every call with that name. So do the methods for other kinds; the
   * first descriptor of a name is the one that counts.
   *
   * @throws StateNameTakenError (FLINK_STATE_NAME_TAKEN) if it is a state of another kind
   * @throws StateIncompatibleError (FLINK_STATE_INCOMPATIBLE) if values were restored that cannot become those of the descriptor
   */
  getValueState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T>
  /** The list state of this name. @throws as {@link getValueState} */
  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>
  /** The map state of this name. @throws as {@link getValueState} */
  getMapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V>
  /** The reducing state of this name. @throws as {@link getValueState} */
  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T>
  /** The aggregating state of this name. @throws as {@link getValueState} */
  getAggregatingState<IN, ACC, OUT>(
    descriptor: AggregatingStateDescriptor<IN, ACC, OUT>,
  ): AggregatingState<IN, OUT>

  /**
   * Calls `visit` for every key that has a value in the state `name`, with the state's value (of list state, an iterable
   * object; of map state, an iterable object of entries) and the key's group; in no particular order. `visit` must not write state.
   */
  forEachEntry(name: string, visit: (key: unknown, value: unknown, keyGroup: number) => void): void
  /** Keys that have any state. */
  readonly numberOfKeys: number

  /**
   * Makes the timers of one timer service part of this backend's snapshots, as a state of kind `timer`. If timers of this name were
   * restored, `source` gets them before this call returns; otherwise with {@link restore}.
   *
   * @throws StateNameTakenError if the name is that of a state or of other timers
   */
  registerTimers(name: string, source: TimerStateSource): void

  /**
   * Takes a snapshot of all keyed state and timers as they are at this moment: the synchronous part of a checkpoint, short however
   * much state there is. To be called between two records. What the snapshot holds is written afterwards, while records go on being processed;
   * several snapshots may be open at a time. Values may be changed in place if they were obtained from state after
   * the snapshot was taken; a function must not hold on to values from one record to the next.
   *
   * @throws Error if the backend is closed
   */
  snapshot(checkpointId: bigint, options?: SnapshotOptions): KeyedSnapshot

  /**
   * Reads state into this backend, which must be empty and not yet used. Entries of other key groups are left out.
   *
   * @throws SnapshotCorruptError (FLINK_SNAPSHOT_CORRUPT), SnapshotVersionError (FLINK_SNAPSHOT_VERSION); StateIncompatibleError for
   * states that were asked for before. After an error the backend is of no use
   */
  restore(source: KeyedRestore): Promise<void>

  /** The checkpoint is stored and will be restored from, unless a later one is. Absent: of no concern. */
  notifyCheckpointComplete?(checkpointId: bigint): void
  /** The checkpoint came to nothing. Absent: of no concern. */
  notifyCheckpointAborted?(checkpointId: bigint): void
  /** Gives back files and memory. Idempotent. Absent: there is nothing to give back. */
  close?(): void | Promise<void>
}

export interface KeyedStateBackendOptions {
  readonly maxParallelism: number
  readonly keyGroupRange: KeyGroupRange
  /** Of the task's input, where keys may come with handles to their state. */
  readonly keyHandles?: KeyHandleSource
  /** Whose state it is; stands in snapshots and messages. Default: unknown. */
  readonly operator?: {
    readonly operatorId: string
    readonly operatorName: string
    readonly subtaskIndex: number
  }
  /** Of the program's own classes, for states without a declared type. */
  readonly serializers?: SerializerRegistry
  /** Of the keys; stands in snapshots. Default `dynamic`. */
  readonly keyType?: StateType
  /** Needed for states with a time to live, and for slices of a snapshot that keep to a budget. */
  readonly clock?: Clock
}

/** Chosen by `state.backend.type`; makes the state of one subtask. */
export interface StateBackend {
  readonly name: string
  createKeyedStateBackend(options: KeyedStateBackendOptions): KeyedStateBackend
}
