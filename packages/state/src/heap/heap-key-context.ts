import { hashKey, type KeyHandleSource, KeyMap, keyGroupFor } from '@flink-ts/core'
import { KeyGroupOutOfRangeError } from '../key-group-out-of-range-error.js'
import type { KeyedStateBackendOptions } from '../keyed-state-backend.js'
import { NoCurrentKeyError } from '../no-current-key-error.js'
import { KeyEntry } from './key-entry.js'

/**
 * The current key and its entry, looked up once per record however often state is read and written.
 *
 * All entries lie in one {@link KeyMap}, and each knows its key group, which is computed when the entry is made: a map
 * per key group needs the hash of the key for every record and was measured at half the speed. What moves or is
 * written by key group sorts the entries by it first.
 */
export class HeapKeyContext {
  readonly #options: KeyedStateBackendOptions
  readonly #entries = new KeyMap<KeyEntry>()
  readonly #handles: KeyHandleSource | undefined
  #key: unknown = undefined
  #entry: KeyEntry | undefined = undefined
  #isLookedUp = false

  constructor(options: KeyedStateBackendOptions) {
    this.#options = options
    this.#handles = options.keyHandles?.claim()
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
    if (this.#isLookedUp) return this.#entry
    return this.#lookUp(stateName)
  }

  /** The entry of the current key, made if there is none. */
  findOrCreate(stateName: string): KeyEntry {
    return this.find(stateName) ?? this.#create()
  }

  /** Drops the entry of the current key; its last value was cleared. */
  drop(): void {
    if (this.#entry === undefined) return
    this.#entries.delete(this.#entry.key)
    this.#entry.isDropped = true
    this.#entry = undefined
  }

  get numberOfKeys(): number {
    return this.#entries.size
  }

  forEach(visit: (entry: KeyEntry) => void): void {
    this.#entries.forEach(visit)
  }

  #lookUp(stateName: string): KeyEntry | undefined {
    const key = this.#key
    if (key === undefined) throw new NoCurrentKeyError(stateName)
    const handles = this.#handles
    if (handles !== undefined) {
      const known = handles.get(key) as KeyEntry | undefined
      if (known !== undefined && !known.isDropped) {
        this.#entry = known
        this.#isLookedUp = true
        return known
      }
    }
    const entry = this.#entries.get(key)
    if (entry !== undefined) handles?.put(key, entry)
    // A key that has no entry is checked each time: it may belong to another subtask.
    if (entry === undefined) this.#ownKeyGroup()
    this.#entry = entry
    this.#isLookedUp = true
    return entry
  }

  #create(): KeyEntry {
    const entry = new KeyEntry(this.#key, this.#ownKeyGroup())
    this.#entries.set(this.#key, entry)
    this.#entry = entry
    this.#handles?.put(this.#key, entry)
    return entry
  }

  #ownKeyGroup(): number {
    const { maxParallelism, keyGroupRange } = this.#options
    const keyGroup = keyGroupFor(hashKey(this.#key), maxParallelism)
    if (keyGroup < keyGroupRange.start || keyGroup > keyGroupRange.end) {
      throw new KeyGroupOutOfRangeError(this.#key, keyGroup, keyGroupRange)
    }
    return keyGroup
  }
}
