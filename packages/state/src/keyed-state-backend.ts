import type {
  KeyGroupRange,
  KeyHandleSource,
  ListState,
  ListStateDescriptor,
  ValueState,
  ValueStateDescriptor,
} from '@flink-ts/core'

/**
 * Holds the state of the keys of one subtask. All access is for the current key; it is synchronous and
 * belongs to the task's thread.
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
   * The value state of this name, the same object for every call with that name.
   *
   * @throws StateNameTakenError if it is a state of another kind
   */
  getValueState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T>
  /** The list state of this name. @throws StateNameTakenError if it is a state of another kind */
  getListState<T>(descriptor: ListStateDescriptor): ListState<T>

  /**
   * Calls `visit` for every key that has a value in the state `name`, with the state's value (of list state, an iterable
   * object) and the key's group; in no particular order. `visit` must not write state.
   */
  forEachEntry(name: string, visit: (key: unknown, value: unknown, keyGroup: number) => void): void
  /** Keys that have any state. */
  readonly numberOfKeys: number
}

export interface KeyedStateBackendOptions {
  readonly maxParallelism: number
  readonly keyGroupRange: KeyGroupRange
  /** Of the task's input, where keys may come with handles to their state. */
  readonly keyHandles?: KeyHandleSource
}

/** Chosen by `state.backend.type`; makes the state of one subtask. */
export interface StateBackend {
  readonly name: string
  createKeyedStateBackend(options: KeyedStateBackendOptions): KeyedStateBackend
}
