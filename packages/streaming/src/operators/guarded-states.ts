import type {
  AggregatingState,
  BroadcastState,
  ListState,
  MapState,
  ReadOnlyBroadcastState,
  ReducingState,
  ValueState,
} from '@flink-ts/core'

/** Throws if state must not be used now. */
type Check = () => void

/** State as user functions have it: each access is checked before. */
export function guardedValueState<T>(state: ValueState<T>, check: Check): ValueState<T> {
  return {
    value() {
      check()
      return state.value()
    },
    update(value) {
      check()
      state.update(value)
    },
    clear() {
      check()
      state.clear()
    },
  }
}

/** As {@link guardedValueState}. What `get` answers is read at once or not at all. */
export function guardedListState<T>(state: ListState<T>, check: Check): ListState<T> {
  return {
    get() {
      check()
      return state.get()
    },
    add(value) {
      check()
      state.add(value)
    },
    addAll(values) {
      check()
      state.addAll(values)
    },
    update(values) {
      check()
      state.update(values)
    },
    clear() {
      check()
      state.clear()
    },
  }
}

/** As {@link guardedValueState}. */
export function guardedMapState<K, V>(state: MapState<K, V>, check: Check): MapState<K, V> {
  return {
    get(key) {
      check()
      return state.get(key)
    },
    put(key, value) {
      check()
      state.put(key, value)
    },
    putAll(entries) {
      check()
      state.putAll(entries)
    },
    remove(key) {
      check()
      state.remove(key)
    },
    contains(key) {
      check()
      return state.contains(key)
    },
    entries() {
      check()
      return state.entries()
    },
    keys() {
      check()
      return state.keys()
    },
    values() {
      check()
      return state.values()
    },
    isEmpty() {
      check()
      return state.isEmpty()
    },
    clear() {
      check()
      state.clear()
    },
  }
}

/** As {@link guardedValueState}; also for aggregating state. */
export function guardedAppendingState<IN, OUT>(
  state: AggregatingState<IN, OUT>,
  check: Check,
): AggregatingState<IN, OUT>
export function guardedAppendingState<T>(state: ReducingState<T>, check: Check): ReducingState<T>
export function guardedAppendingState<IN, OUT>(
  state: AggregatingState<IN, OUT>,
  check: Check,
): AggregatingState<IN, OUT> {
  return {
    get() {
      check()
      return state.get()
    },
    add(value) {
      check()
      state.add(value)
    },
    clear() {
      check()
      state.clear()
    },
  }
}

/** As {@link guardedValueState}, for who must not change it. */
export function guardedReadOnlyState<K, V>(
  state: ReadOnlyBroadcastState<K, V>,
  check: Check,
): ReadOnlyBroadcastState<K, V> {
  return {
    get(key) {
      check()
      return state.get(key)
    },
    contains(key) {
      check()
      return state.contains(key)
    },
    entries() {
      check()
      return state.entries()
    },
  }
}

/** As {@link guardedValueState}. */
export function guardedBroadcastState<K, V>(
  state: BroadcastState<K, V>,
  check: Check,
): BroadcastState<K, V> {
  return {
    ...guardedReadOnlyState(state, check),
    put(key, value) {
      check()
      state.put(key, value)
    },
    putAll(entries) {
      check()
      state.putAll(entries)
    },
    remove(key) {
      check()
      state.remove(key)
    },
    clear() {
      check()
      state.clear()
    },
  }
}
