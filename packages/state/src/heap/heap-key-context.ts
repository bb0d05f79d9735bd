import { hashKey, KeyMap, keyGroupFor } from '@flink-ts/core'
import { KeyGroupOutOfRangeError } from '../key-group-out-of-range-error.js'
import type { KeyedStateBackendOptions } from '../keyed-state-backend.js'
import { NoCurrentKeyError } from '../no-current-key-error.js'
import { KeyEntry } from './key-entry.js'

/**
 * The current key and its entry, looked up once per record however often state is read and written.
 * Entries lie in one {@link KeyMap} per key group, so that a key group can be written and moved as a whole.
 */
export class HeapKeyContext {
  readonly #options: KeyedStateBackendOptions
  readonly #groups: KeyMap<KeyEntry>[] = []
  #key: unknown = undefined
  #entry: KeyEntry | undefined = undefined
  #isLookedUp = false
  #keyGroup = -1

  constructor(options: KeyedStateBackendOptions) {
    this.#options = options
    const { start, end } = options.keyGroupRange
    for (let group = start; group <= end; group++) this.#groups.push(new KeyMap())
  }

  get key(): unknown {
    return this.#key
  }

  setKey(key: unknown): void {
    this.#key = key
    this.#isLookedUp = false
  }

  /** The entry of the current key, if it has any state. */
  find(stateName: string): KeyEntry | undefined {
    if (!this.#isLookedUp) this.#lookUp(stateName)
    return this.#entry
  }

  /** The entry of the current key, made if there is none. */
  findOrCreate(stateName: string): KeyEntry {
    if (!this.#isLookedUp) this.#lookUp(stateName)
    if (this.#entry === undefined) {
      this.#entry = new KeyEntry(this.#key, this.#keyGroup)
      this.#group(this.#keyGroup).set(this.#key, this.#entry)
    }
    return this.#entry
  }

  /** Drops the entry of the current key; its last value was cleared. */
  drop(): void {
    if (this.#entry === undefined) return
    this.#group(this.#entry.keyGroup).delete(this.#entry.key)
    this.#entry = undefined
  }

  get numberOfKeys(): number {
    return this.#groups.reduce((sum, group) => sum + group.size, 0)
  }

  /** In key group order. */
  forEach(visit: (entry: KeyEntry) => void): void {
    for (const group of this.#groups) group.forEach(visit)
  }

  #lookUp(stateName: string): void {
    const key = this.#key
    if (key === undefined) throw new NoCurrentKeyError(stateName)
    const keyGroup = keyGroupFor(hashKey(key), this.#options.maxParallelism)
    const { start, end } = this.#options.keyGroupRange
    if (keyGroup < start || keyGroup > end) {
      throw new KeyGroupOutOfRangeError(key, keyGroup, this.#options.keyGroupRange)
    }
    this.#keyGroup = keyGroup
    this.#entry = this.#group(keyGroup).get(key)
    this.#isLookedUp = true
  }

  #group(keyGroup: number): KeyMap<KeyEntry> {
    return this.#groups[keyGroup - this.#options.keyGroupRange.start]!
  }
}
