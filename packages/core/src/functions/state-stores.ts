import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  OperatorListStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from '../state/state-descriptors.js'
import type {
  AggregatingState,
  BroadcastState,
  ListState,
  MapState,
  OperatorListState,
  ReducingState,
  ValueState,
} from '../state/states.js'

/**
 * State per key, by name; only in functions behind `keyBy`. The same name is the same state. To be asked for before the
 * first record; state is used while a record or a timer of a key is processed.
 */
export interface KeyedStateStore {
  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T>
  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>
  getMapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V>
  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T>
  getAggregatingState<IN, ACC, OUT>(
    descriptor: AggregatingStateDescriptor<IN, ACC, OUT>,
  ): AggregatingState<IN, OUT>
}

/** State of a subtask that belongs to no key, by name. The same name is the same state. */
export interface OperatorStateStore {
  /** A list whose elements are given out anew in equal shares when the job is restored with another parallelism. */
  getListState<T>(descriptor: OperatorListStateDescriptor<T>): OperatorListState<T>
  /** A list of which every subtask gets the elements of all subtasks when the job is restored. */
  getUnionListState<T>(descriptor: OperatorListStateDescriptor<T>): OperatorListState<T>
  /** A map that is the same in all subtasks. */
  getBroadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): BroadcastState<K, V>
}
