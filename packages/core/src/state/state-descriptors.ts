import type { TypeInformation } from '../types/type-information.js'
import type { AggregateFunction } from './aggregate-function.js'
import type { StateTtlConfig } from './state-ttl-config.js'

/** What all descriptors of state have. Within an operator the same name is the same state, and no state of another kind. */
export interface StateDescriptor<T> {
  readonly name: string
  /**
   * Of what is stored: values, elements of a list, values of a map, accumulators. Declared types are checked when state is restored
   * and are smaller in snapshots. Absent: values describe themselves.
   */
  readonly type?: TypeInformation<T>
  /**
   * For fields that a restored snapshot does not have, by path such as `address.city` or `items[].price`; see
   * `checkStateCompatibility`.
   */
  readonly defaults?: Readonly<Record<string, unknown>>
}

/** Names a value state of a function. */
export interface ValueStateDescriptor<T> extends StateDescriptor<T> {
  /** What `value()` answers for a key that has none. */
  readonly defaultValue?: T
  readonly ttl?: StateTtlConfig
}

/** Names a list state of a function. `type` is that of its elements. */
// biome-ignore lint/suspicious/noExplicitAny: a descriptor that tells nothing of its elements is one for every list
export interface ListStateDescriptor<T = any> extends StateDescriptor<T> {
  readonly ttl?: StateTtlConfig
}

/** Names a map state of a function. `type` is that of its values. */
export interface MapStateDescriptor<K, V> extends StateDescriptor<V> {
  /** Of the map's keys. Absent: they describe themselves. */
  readonly keyType?: TypeInformation<K>
  readonly ttl?: StateTtlConfig
}

/** Names a reducing state of a function: one value, which each further one is combined with. */
export interface ReducingStateDescriptor<T> extends StateDescriptor<T> {
  readonly reduceFunction: { reduce(a: T, b: T): T } | ((a: T, b: T) => T)
  readonly ttl?: StateTtlConfig
}

/** Names an aggregating state of a function. `type` is that of its accumulators, which are what is stored. */
export interface AggregatingStateDescriptor<IN, ACC, OUT> extends StateDescriptor<ACC> {
  readonly aggregateFunction: AggregateFunction<IN, ACC, OUT>
  readonly ttl?: StateTtlConfig
}

/** Names a list of operator state. `type` is that of its elements. */
export interface OperatorListStateDescriptor<T> extends StateDescriptor<T> {}
