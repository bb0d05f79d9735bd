import type { Accumulator, PortableAccumulator } from './accumulator.js'
import { AccumulatorError } from './accumulator-error.js'

/** Base of the accumulators that hold one number and combine it with each that is added. */
export abstract class SingleValueAccumulator<N extends number | bigint, V = N>
  implements PortableAccumulator<V, N>
{
  abstract readonly typeName: string
  readonly #initial: N
  #value: N

  constructor(initial: N) {
    this.#initial = initial
    this.#value = initial
  }

  add(value: V): void {
    this.#value = this.combine(this.#value, this.checked(value))
  }

  getLocalValue(): N {
    return this.#value
  }

  resetLocal(): void {
    this.#value = this.#initial
  }

  merge(other: Accumulator<V, N>): void {
    this.#value = this.combine(this.#value, this.checked(other.getLocalValue()))
  }

  toState(): unknown {
    return this.#value
  }

  mergeState(state: unknown): void {
    this.#value = this.combine(this.#value, this.checked(state))
  }

  protected abstract combine(a: N, b: N): N

  /** @throws AccumulatorError for what this kind does not take */
  protected abstract checked(value: unknown): N

  protected refused(value: unknown, expected: string): AccumulatorError {
    const what = typeof value === 'object' || typeof value === 'function' ? typeof value : value
    return new AccumulatorError(
      `${this.typeName} cannot take ${String(what)}: expected ${expected}`,
    )
  }
}

/** Base of those that take whole numbers. */
export abstract class IntValueAccumulator extends SingleValueAccumulator<number> {
  protected override checked(value: unknown): number {
    if (Number.isSafeInteger(value)) return value as number
    throw this.refused(value, 'a whole number')
  }
}

/** Base of those that take whole numbers of any size. */
export abstract class LongValueAccumulator extends SingleValueAccumulator<bigint, bigint | number> {
  protected override checked(value: unknown): bigint {
    if (typeof value === 'bigint') return value
    if (Number.isSafeInteger(value)) return BigInt(value as number)
    throw this.refused(value, 'a bigint or a whole number')
  }
}

/** Base of those that take any number. */
export abstract class DoubleValueAccumulator extends SingleValueAccumulator<number> {
  protected override checked(value: unknown): number {
    if (typeof value === 'number') return value
    throw this.refused(value, 'a number')
  }
}
