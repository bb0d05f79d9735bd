/** One value for the key that is being processed. */
export interface ValueState<T> {
  /** The default of the descriptor if the key has none. What it answers must be changed by `update` only. */
  value(): T | undefined
  update(value: T): void
  clear(): void
}

/**
 * A list for the key that is being processed. It may become long: unlike an array in a {@link ValueState} it is kept in
 * parts, so that a task whose memory it fills fails alone.
 */
export interface ListState<T> {
  /** The elements in the order in which they were added; none if the key has no list. What is added later is not among them. */
  get(): Iterable<T>
  add(value: T): void
  addAll(values: Iterable<T>): void
  /** Replaces the list, also by what is made of {@link get}; without elements it is the same as {@link clear}. */
  update(values: Iterable<T>): void
  clear(): void
}

/**
 * A map for the key that is being processed. Its keys are what may be keys of a stream, compared by value
 * (`encodeKey`). It may become large: no access reads more than the entry that it is about.
 */
export interface MapState<K, V> {
  get(key: K): V | undefined
  /** A value of `undefined` is the same as {@link remove}. */
  put(key: K, value: V): void
  putAll(entries: Iterable<readonly [K, V]>): void
  remove(key: K): void
  contains(key: K): boolean
  /** In no particular order, as {@link keys} and {@link values}. The map must not be changed before the iteration has ended. */
  entries(): Iterable<readonly [K, V]>
  keys(): Iterable<K>
  values(): Iterable<V>
  isEmpty(): boolean
  clear(): void
}

/** One value for the key that is being processed, which added values are combined with. */
export interface ReducingState<T> {
  /** Undefined: nothing was added. */
  get(): T | undefined
  add(value: T): void
  clear(): void
}

/** An accumulator for the key that is being processed, which values are added to. */
export interface AggregatingState<IN, OUT> {
  /** The result of what was added; undefined: nothing was. */
  get(): OUT | undefined
  add(value: IN): void
  clear(): void
}

/**
 * Operator state that is a list of elements, each of which may be given to another subtask when the parallelism
 * changes. It has no key and may be used at any time in the task's thread.
 */
export interface OperatorListState<T> extends ListState<T> {}

/** Broadcast state as the side that is not broadcast sees it. */
export interface ReadOnlyBroadcastState<K, V> {
  get(key: K): V | undefined
  contains(key: K): boolean
  /** In no particular order. */
  entries(): Iterable<readonly [K, V]>
}

/** Operator state that is the same map in every subtask: each must make the same changes, by the elements that all get. */
export interface BroadcastState<K, V> extends ReadOnlyBroadcastState<K, V> {
  put(key: K, value: V): void
  putAll(entries: Iterable<readonly [K, V]>): void
  remove(key: K): void
  clear(): void
}
