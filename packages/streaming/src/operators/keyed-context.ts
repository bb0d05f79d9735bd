import {
  KeyNotSupportedError,
  type ListState,
  type ListStateDescriptor,
  type ValueState,
  type ValueStateDescriptor,
} from '@flink-ts/core'
import type { OperatorContext } from '@flink-ts/runtime/program'
import type { KeyedStateBackend } from '@flink-ts/state'
import { UsedOutsideCallError } from '../functions/errors.js'

/** The keyed state of one operator, and which key it stands for at the moment. */
export class KeyedContext {
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

  /** State for a user function: throws when it is used outside of a call. */
  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    const state = this.rawState(descriptor)
    const check = () => this.#checkCall(descriptor)
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

  /** Like {@link getState}. */
  getListState<T>(descriptor: ListStateDescriptor): ListState<T> {
    this.#backend ??= this.#context.keyedState()
    const state = this.#backend.getListState<T>(descriptor)
    const check = () => this.#checkCall(descriptor)
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

  /** State for the operator itself, which calls `begin` before it uses it. */
  rawState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    this.#backend ??= this.#context.keyedState()
    return this.#backend.getValueState(descriptor)
  }

  #checkCall({ name }: { readonly name: string }): void {
    if (!this.#inCall) throw new UsedOutsideCallError(`state '${name}'`, this.#operatorName)
  }
}
