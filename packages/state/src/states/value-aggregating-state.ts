import type { AggregateFunction, AggregatingState, ValueState } from '@flink-ts/core'

/** Aggregating state over a value state that holds the accumulator. */
export class ValueAggregatingState<IN, ACC, OUT> implements AggregatingState<IN, OUT> {
  readonly #state: ValueState<ACC>
  readonly #function: AggregateFunction<IN, ACC, OUT>

  constructor(state: ValueState<ACC>, aggregateFunction: AggregateFunction<IN, ACC, OUT>) {
    this.#state = state
    this.#function = aggregateFunction
  }

  get(): OUT | undefined {
    const accumulator = this.#state.value()
    return accumulator === undefined ? undefined : this.#function.getResult(accumulator)
  }

  add(value: IN): void {
    const accumulator = this.#state.value() ?? this.#function.createAccumulator()
    this.#state.update(this.#function.add(value, accumulator))
  }

  clear(): void {
    this.#state.clear()
  }
}
