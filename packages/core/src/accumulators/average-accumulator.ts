import type { PortableAccumulator } from './accumulator.js'
import { AccumulatorError } from './accumulator-error.js'

/** The mean of the numbers that were added; 0 before the first. */
export class AverageAccumulator implements PortableAccumulator<number> {
  readonly typeName: string = 'AverageAccumulator'
  #count = 0
  #sum = 0

  add(value: number): void {
    if (typeof value !== 'number') {
      throw new AccumulatorError(
        `${this.typeName} cannot take a ${typeof value}: expected a number`,
      )
    }
    this.#count++
    this.#sum += value
  }

  getLocalValue(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count
  }

  resetLocal(): void {
    this.#count = 0
    this.#sum = 0
  }

  merge(other: AverageAccumulator): void {
    this.mergeState(other.toState())
  }

  toState(): unknown {
    return [this.#count, this.#sum]
  }

  mergeState(state: unknown): void {
    const [count, sum] = Array.isArray(state) ? (state as unknown[]) : []
    if (typeof count !== 'number' || typeof sum !== 'number') {
      throw new AccumulatorError(`${this.typeName} cannot take over what is no state of its kind`)
    }
    this.#count += count
    this.#sum += sum
  }
}
