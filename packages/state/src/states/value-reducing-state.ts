import type { ReducingState, ReducingStateDescriptor, ValueState } from '@flink-ts/core'

/** Reducing state over a value state. */
export class ValueReducingState<T> implements ReducingState<T> {
  readonly #state: ValueState<T>
  readonly #reduce: (a: T, b: T) => T

  constructor(state: ValueState<T>, { reduceFunction }: ReducingStateDescriptor<T>) {
    this.#state = state
    this.#reduce =
      typeof reduceFunction === 'function' ? reduceFunction : (a, b) => reduceFunction.reduce(a, b)
  }

  get(): T | undefined {
    return this.#state.value()
  }

  add(value: T): void {
    const current = this.#state.value()
    this.#state.update(current === undefined ? value : this.#reduce(current, value))
  }

  clear(): void {
    this.#state.clear()
  }
}
