import type { ListState } from '@flink-ts/core'
import type { TimedValue } from '../snapshot/timed-value.js'
import type { TtlPolicy } from './ttl-policy.js'

/** List state whose elements expire each by itself, over one that holds them with their times. */
export class TtlListState<T> implements ListState<T> {
  readonly #state: ListState<TimedValue<T>>
  readonly #policy: TtlPolicy

  constructor(state: ListState<TimedValue<T>>, policy: TtlPolicy) {
    this.#state = state
    this.#policy = policy
  }

  get(): Iterable<T> {
    const policy = this.#policy
    policy.onAccess()
    const limit = policy.returnsExpired ? Number.NEGATIVE_INFINITY : policy.expiredAtMs
    if (policy.updatesOnRead) {
      const living = [...this.#state.get()].filter(({ lastAccessMs }) => lastAccessMs > limit)
      this.#state.update(living.map(({ value }) => policy.stamp(value)))
    }
    return new LivingElements(this.#state.get(), limit)
  }

  add(value: T): void {
    this.#policy.onAccess()
    this.#state.add(this.#policy.stamp(value))
  }

  addAll(values: Iterable<T>): void {
    for (const value of values) this.add(value)
  }

  update(values: Iterable<T>): void {
    this.#policy.onAccess()
    this.#state.update(Array.from(values, (value) => this.#policy.stamp(value)))
  }

  clear(): void {
    this.#state.clear()
  }
}

/** May be iterated over more than once. */
class LivingElements<T> implements Iterable<T> {
  readonly #elements: Iterable<TimedValue<T>>
  readonly #expiredAtMs: number

  constructor(elements: Iterable<TimedValue<T>>, expiredAtMs: number) {
    this.#elements = elements
    this.#expiredAtMs = expiredAtMs
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const { value, lastAccessMs } of this.#elements) {
      if (lastAccessMs > this.#expiredAtMs) yield value
    }
  }
}
