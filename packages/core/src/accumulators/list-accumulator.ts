import type { PortableAccumulator } from './accumulator.js'
import { AccumulatorError } from './accumulator-error.js'

/**
 * Collects values; their order between subtasks is not promised. For few and small ones: what a subtask has
 * collected goes to the JobManager again and again, and more than 128 KiB of it cannot.
 */
export class ListAccumulator<T> implements PortableAccumulator<T, T[]> {
  readonly typeName: string = 'ListAccumulator'
  #values: T[] = []

  add(value: T): void {
    this.#values.push(value)
  }

  getLocalValue(): T[] {
    return [...this.#values]
  }

  resetLocal(): void {
    this.#values = []
  }

  merge(other: ListAccumulator<T>): void {
    this.mergeState(other.toState())
  }

  toState(): unknown {
    return this.#values
  }

  mergeState(state: unknown): void {
    if (!Array.isArray(state)) {
      throw new AccumulatorError(`${this.typeName} cannot take over what is no state of its kind`)
    }
    for (const value of state as T[]) this.#values.push(value)
  }
}
