import {
  type AggregatingState,
  type AggregatingStateDescriptor,
  type KeyedStateStore,
  KeyNotSupportedError,
  type ListState,
  type ListStateDescriptor,
  type MapState,
  type MapStateDescriptor,
  type ReducingState,
  type ReducingStateDescriptor,
  type ValueState,
  type ValueStateDescriptor,
} from '@flink-ts/core'
import type { OperatorContext } from '@flink-ts/runtime/program'
import type { KeyedStateBackend } from '@flink-ts/state'
import { UsedOutsideCallError } from '../functions/errors.js'
import {
  guardedAppendingState,
  guardedListState,
  guardedMapState,
  guardedValueState,
} from './guarded-states.js'

/**
 * The keyed state of one operator, and which key it stands for at the moment. As a store it answers states for user functions,
 * which throw when they are used outside of a call.
 */
export class KeyedContext implements KeyedStateStore {
  readonly #operatorName: string
  readonly #keySelector: (value: unknown) => unknown
  readonly #context: OperatorContext
  #backend: KeyedStateBackend | undefined
  #inCall = false

  constructor(context: OperatorContext, keySelector: (value: unknown) => unknown) {
    this.#context = context
    this.#operatorName = context.operatorName
    this.#keySelector = keySelector
  }

  /** State belongs to the key of `value` until {@link end}. @returns that key */
  begin(value: unknown): unknown {
    const key = this.#keySelector(value)
    if (key === undefined) throw new KeyNotSupportedError('key', 'undefined', this.#operatorName)
    this.#backend?.setCurrentKey(key)
    this.#inCall = true
    return key
  }

  /** Like {@link begin}, for a key that is known. */
  beginKey(key: unknown): void {
    this.#backend?.setCurrentKey(key)
    this.#inCall = true
  }

  end(): void {
    this.#inCall = false
  }

  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    return guardedValueState(this.rawState(descriptor), this.#checkOf(descriptor))
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return guardedListState(this.backend.getListState(descriptor), this.#checkOf(descriptor))
  }

  getMapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    return guardedMapState(this.backend.getMapState(descriptor), this.#checkOf(descriptor))
  }

  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> {
    const state = this.backend.getReducingState(descriptor)
    return guardedAppendingState(state, this.#checkOf(descriptor))
  }

  getAggregatingState<IN, ACC, OUT>(
    descriptor: AggregatingStateDescriptor<IN, ACC, OUT>,
  ): AggregatingState<IN, OUT> {
    const state = this.backend.getAggregatingState(descriptor)
    return guardedAppendingState(state, this.#checkOf(descriptor))
  }

  /** State for the operator itself, which calls `begin` before it uses it. */
  rawState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    return this.backend.getValueState(descriptor)
  }

  /** From the first use on the current key is told to it. */
  get backend(): KeyedStateBackend {
    this.#backend ??= this.#context.keyedState()
    return this.#backend
  }

  #checkOf({ name }: { readonly name: string }): () => void {
    return () => {
      if (!this.#inCall) throw new UsedOutsideCallError(`state '${name}'`, this.#operatorName)
    }
  }
}
