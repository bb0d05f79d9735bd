import type { MapState } from '@flink-ts/core'
import type { TimedValue } from '../snapshot/timed-value.js'
import type { TtlPolicy } from './ttl-policy.js'

/** Map state whose entries expire each by itself, over one that holds them with their times. */
export class TtlMapState<K, V> implements MapState<K, V> {
  readonly #state: MapState<K, TimedValue<V>>
  readonly #policy: TtlPolicy

  constructor(state: MapState<K, TimedValue<V>>, policy: TtlPolicy) {
    this.#state = state
    this.#policy = policy
  }

  get(key: K): V | undefined {
    const policy = this.#policy
    policy.onAccess()
    const timed = this.#state.get(key)
    if (timed === undefined) return undefined
    if (policy.isExpired(timed)) {
      this.#state.remove(key)
      return policy.returnsExpired ? timed.value : undefined
    }
    if (policy.updatesOnRead) this.#state.put(key, policy.stamp(timed.value))
    return timed.value
  }

  put(key: K, value: V): void {
    this.#policy.onAccess()
    if (value === undefined) this.#state.remove(key)
    else this.#state.put(key, this.#policy.stamp(value))
  }

  putAll(entries: Iterable<readonly [K, V]>): void {
    for (const [key, value] of entries) this.put(key, value)
  }

  remove(key: K): void {
    this.#policy.onAccess()
    this.#state.remove(key)
  }

  contains(key: K): boolean {
    return this.get(key) !== undefined
  }

  *entries(): Iterable<readonly [K, V]> {
    const policy = this.#policy
    policy.onAccess()
    const limit = policy.returnsExpired ? Number.NEGATIVE_INFINITY : policy.expiredAtMs
    const read: K[] = []
    for (const [key, { value, lastAccessMs }] of this.#state.entries()) {
      if (lastAccessMs <= limit) continue
      if (policy.updatesOnRead) read.push(key)
      yield [key, value]
    }
    for (const key of read) {
      const timed = this.#state.get(key)
      if (timed !== undefined) this.#state.put(key, policy.stamp(timed.value))
    }
  }

  *keys(): Iterable<K> {
    for (const [key] of this.entries()) yield key
  }

  *values(): Iterable<V> {
    for (const [, value] of this.entries()) yield value
  }

  isEmpty(): boolean {
    const policy = this.#policy
    policy.onAccess()
    const limit = policy.returnsExpired ? Number.NEGATIVE_INFINITY : policy.expiredAtMs
    for (const { lastAccessMs } of this.#state.values()) if (lastAccessMs > limit) return false
    return true
  }

  clear(): void {
    this.#state.clear()
  }
}
