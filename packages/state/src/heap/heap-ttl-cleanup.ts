import type { TimedValue } from '../snapshot/timed-value.js'
import type { TtlPolicy } from '../ttl/ttl-policy.js'
import { ChunkedList } from './chunked-list.js'
import type { HeapKeyContext } from './heap-key-context.js'
import { HeapMap } from './heap-map.js'
import { DROPPED, type KeyEntry } from './key-entry.js'

/** Elements of a list up to which it is made anew for a single one that has expired. */
const SHORT = 64

/**
 * Removes values of one state that have expired, a few with each step, going round over all keys. An entry of a map counts as a key.
 */
export class HeapTtlCleanup {
  readonly #context: HeapKeyContext
  readonly #index: number
  readonly #policy: TtlPolicy
  readonly #size: number
  #walk: Iterator<void> | undefined

  constructor(
    context: HeapKeyContext,
    index: number,
    { policy, size }: { policy: TtlPolicy; size: number },
  ) {
    this.#context = context
    this.#index = index
    this.#policy = policy
    this.#size = size
  }

  step(): void {
    this.#walk ??= this.#round()
    for (let i = 0; i < this.#size; i++) {
      if (this.#walk.next().done === true) {
        this.#walk = undefined
        return
      }
    }
  }

  *#round(): Generator<void, void> {
    for (const entry of this.#context.entries()) {
      if (entry.version === DROPPED) continue
      const held = entry.get(this.#index)
      if (held instanceof HeapMap) yield* this.#mapOf(entry, held)
      else if (held instanceof ChunkedList) this.#cleanList(entry, held)
      else if (held !== undefined && this.#policy.isExpired(held as TimedValue)) this.#clear(entry)
      yield
    }
  }

  *#mapOf(entry: KeyEntry, map: HeapMap): Generator<void, void> {
    for (const [key, value] of map.rawEntries()) {
      if (entry.version === DROPPED || entry.get(this.#index) !== map) return
      // It may have been replaced or removed since the iteration came by.
      if (this.#policy.isExpired(value as TimedValue) && map.rawGet(key) === value) {
        this.#context.touch(entry)
        map.delete(key)
        if (map.size === 0) this.#clear(entry)
      }
      yield
    }
  }

  /** Elements lie in the order of their times. Long lists are made anew when half of them has expired. */
  #cleanList(entry: KeyEntry, list: ChunkedList<unknown>): void {
    const probe = list.size <= SHORT ? 0 : list.size >> 1
    if (!this.#policy.isExpired(list.at(probe) as TimedValue)) return
    this.#context.touch(entry)
    const limit = this.#policy.expiredAtMs
    const living = new ChunkedList<unknown>()
    for (const element of list) {
      if ((element as TimedValue).lastAccessMs > limit) living.push(element)
    }
    if (living.size === 0) this.#clear(entry)
    else entry.set(this.#index, living)
  }

  #clear(entry: KeyEntry): void {
    this.#context.touch(entry)
    entry.set(this.#index, undefined)
    if (entry.isEmpty) this.#context.dropEntry(entry)
  }
}
