import type { PortableAccumulator } from './accumulator.js'
import { AccumulatorError } from './accumulator-error.js'

/** How often each whole number was added; for few different ones. */
export class Histogram implements PortableAccumulator<number, Map<number, number>> {
  readonly typeName: string = 'Histogram'
  readonly #counts = new Map<number, number>()

  add(value: number): void {
    if (!Number.isSafeInteger(value)) {
      throw new AccumulatorError(`${this.typeName} cannot take ${value}: expected a whole number`)
    }
    this.#count(value, 1)
  }

  /** In the order of the numbers. */
  getLocalValue(): Map<number, number> {
    return new Map([...this.#counts].sort(([a], [b]) => a - b))
  }

  resetLocal(): void {
    this.#counts.clear()
  }

  merge(other: Histogram): void {
    this.mergeState(other.toState())
  }

  toState(): unknown {
    return this.#counts
  }

  mergeState(state: unknown): void {
    if (!(state instanceof Map)) {
      throw new AccumulatorError(`${this.typeName} cannot take over what is no state of its kind`)
    }
    for (const [value, count] of state as Map<number, number>) this.#count(value, count)
  }

  #count(value: number, by: number): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + by)
  }
}
