import type { TimedValue } from '../snapshot/timed-value.js'
import type { TtlPolicy } from '../ttl/ttl-policy.js'
import { ChunkedList } from './chunked-list.js'
import type { HeapKeyContext } from './heap-key-context.js'
import { HeapMap } from './heap-map.js'
import { DROPPED, type KeyEntry } from './key-entry.js'

/** Elements of a list up to which it is made anew for a single one that has expired. */
const SHORT = 64

interface MapWalk {
  readonly entry: KeyEntry
  readonly map: HeapMap
  readonly entries: Iterator<[unknown, unknown]>
}

/**
 * Removes values of one state that have expired, a few with each step, going round over all keys. An entry of a map counts as a key.
 */
export class HeapTtlCleanup {
  readonly #context: HeapKeyContext
  readonly #index: number
  readonly #policy: TtlPolicy
  readonly #size: number
  #entries: Iterator<KeyEntry> | undefined
  /** The map that it is in. */
  #inMap: MapWalk | undefined
  /** Of this step: the clock is not asked for every value. */
  #expiredAtMs = 0

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
    this.#expiredAtMs = this.#policy.expiredAtMs
    for (let i = 0; i < this.#size; i++) {
      const inMap = this.#inMap
      if (inMap !== undefined) {
        if (!this.#cleanNextOf(inMap)) this.#inMap = undefined
        continue
      }
      this.#entries ??= this.#context.entries()
      const next = this.#entries.next()
      if (next.done === true) {
        this.#entries = undefined
        return
      }
      if (next.value.version !== DROPPED) this.#cleanEntry(next.value)
    }
  }

  #cleanEntry(entry: KeyEntry): void {
    const held = entry.get(this.#index)
    if (held instanceof HeapMap) this.#inMap = { entry, map: held, entries: held.rawEntries() }
    else if (held instanceof ChunkedList) this.#cleanList(entry, held)
    else if (held !== undefined && this.#isExpired(held)) this.#clear(entry)
  }

  /** @returns whether there was an entry */
  #cleanNextOf({ entry, map, entries }: MapWalk): boolean {
    if (entry.version === DROPPED || entry.get(this.#index) !== map) return false
    const next = entries.next()
    if (next.done === true) return false
    const [key, value] = next.value
    // It may have been replaced or removed since the iteration came by.
    if (this.#isExpired(value) && map.rawGet(key) === value) {
      this.#context.touch(entry)
      map.delete(key)
      if (map.size === 0) this.#clear(entry)
    }
    return true
  }

  /** Elements lie in the order of their times. Long lists are made anew when half of them has expired. */
  #cleanList(entry: KeyEntry, list: ChunkedList<unknown>): void {
    const probe = list.size <= SHORT ? 0 : list.size >> 1
    if (!this.#isExpired(list.at(probe))) return
    this.#context.touch(entry)
    const living = new ChunkedList<unknown>()
    for (const element of list) {
      if (!this.#isExpired(element)) living.push(element)
    }
    if (living.size === 0) this.#clear(entry)
    else entry.set(this.#index, living)
  }

  #isExpired(value: unknown): boolean {
    return (value as TimedValue).lastAccessMs <= this.#expiredAtMs
  }

  #clear(entry: KeyEntry): void {
    this.#context.touch(entry)
    entry.set(this.#index, undefined)
    if (entry.isEmpty) this.#context.dropEntry(entry)
  }
}
