import type {
  BroadcastState,
  MapStateDescriptor,
  OperatorListState,
  OperatorListStateDescriptor,
} from '@flink-ts/core'
import type { OpenStateHandle, OperatorStateHandle } from '../checkpoint/state-handle.js'
import type { OperatorRestorePart } from '../redistribution/redistribute-operator-state.js'

/**
 * Holds the state of one operator in one subtask that belongs to no key: small lists and maps on the heap of the task's thread.
 *
 * Order of life: made → {@link restore}, if there is something → states are asked for → snapshots. What is restored and not asked
 * for stays and is in all later snapshots.
 */
export interface OperatorStateBackend {
  /**
   * The list of this name whose elements are given out anew in equal shares when the parallelism changes (SPLIT_DISTRIBUTE); the same object for
   * every call with that name.
   *
   * @throws StateNameTakenError (FLINK_STATE_NAME_TAKEN) if it is a state of another kind
   * @throws StateIncompatibleError (FLINK_STATE_INCOMPATIBLE) if elements were restored that cannot become those of the descriptor
   */
  getListState<T>(descriptor: OperatorListStateDescriptor<T>): OperatorListState<T>
  /** The list of this name of which each subtask gets all elements of all subtasks when it is restored (UNION). @throws as {@link getListState} */
  getUnionListState<T>(descriptor: OperatorListStateDescriptor<T>): OperatorListState<T>
  /** The map of this name that is the same in all subtasks (BROADCAST). `ttl` has no effect. @throws as {@link getListState} */
  getBroadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): BroadcastState<K, V>

  /**
   * Encodes all operator state as it is at this moment, at once: it is meant to be small.
   *
   * @throws StateValueError (FLINK_STATE_VALUE)
   */
  snapshot(checkpointId: bigint): OperatorSnapshot
  /** Reads state into this backend, which must be empty. @throws SnapshotCorruptError, SnapshotVersionError */
  restore(source: OperatorRestore): Promise<void>
}

/** The operator state of one subtask, encoded. */
export interface OperatorSnapshot {
  readonly checkpointId: bigint
  /** What belongs into the handle; empty: there is no state and no file is needed. */
  readonly states: OperatorStateHandle['states']
  /** The bytes of the file, in order. */
  readonly bytes: readonly Buffer[]
}

/** What a subtask restores its operator state from. */
export interface OperatorRestore {
  /** In the order of the elements; `redistributeOperatorState` makes them. */
  readonly parts: readonly OperatorRestorePart[]
  /** Opens a file of a part: from the checkpoint's storage, or a local copy of it. */
  readonly open: OpenStateHandle
}
