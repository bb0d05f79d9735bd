import type { ValueState } from '@flink-ts/core'
import type { TimedValue } from '../snapshot/timed-value.js'
import type { TtlPolicy } from './ttl-policy.js'

/** Value state whose values expire, over one that holds them with their times. */
export class TtlValueState<T> implements ValueState<T> {
  readonly #state: ValueState<TimedValue<T>>
  readonly #policy: TtlPolicy
  readonly #default: T | undefined

  constructor(state: ValueState<TimedValue<T>>, policy: TtlPolicy, defaultValue?: T) {
    this.#state = state
    this.#policy = policy
    this.#default = defaultValue
  }

  value(): T | undefined {
    this.#policy.onAccess()
    const timed = this.#state.value()
    if (timed === undefined) return this.#default
    if (this.#policy.isExpired(timed)) {
      this.#state.clear()
      return this.#policy.returnsExpired ? timed.value : this.#default
    }
    if (this.#policy.updatesOnRead) this.#state.update(this.#policy.stamp(timed.value))
    return timed.value
  }

  update(value: T): void {
    this.#policy.onAccess()
    if (value === undefined) this.#state.clear()
    else this.#state.update(this.#policy.stamp(value))
  }

  clear(): void {
    this.#state.clear()
  }
}
