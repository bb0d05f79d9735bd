import { KeyMap } from '@flink-ts/core'
import type { HeapKeyContext } from './heap-key-context.js'
import type { KeyEntry } from './key-entry.js'

/** Keys after which those before are put into the context. */
const MANY = 1 << 19

/**
 * The keys of one file as it is read, group after group. They are put into the context many at once: to look up one key after the
 * other in all of them, in an order that no cache foresees, was most of the time of a restore.
 */
export class RestoredKeys {
  readonly #context: HeapKeyContext
  #all: KeyEntry[] = []
  #keyGroup = -1
  /** In {@link #all}, of the key group that is being read. */
  #start = 0
  /** The only state of which this group had blocks so far, if it has one entry per key. */
  #single: number | undefined = undefined
  /** Those of the key group, once that more than one entry of a key may come. */
  #byKey: KeyMap<KeyEntry> | undefined = undefined

  constructor(context: HeapKeyContext) {
    this.#context = context
  }

  /**
   * What finds or makes the entry of a key.
   *
   * @param single number of the state that comes, if it has one entry per key
   */
  finder(keyGroup: number, single: number | undefined): (key: unknown) => KeyEntry {
    const isFirst = keyGroup !== this.#keyGroup
    if (isFirst) {
      if (this.#all.length > MANY) this.end()
      this.#keyGroup = keyGroup
      this.#start = this.#all.length
      this.#byKey = undefined
      this.#single = single
    }
    const all = this.#all
    const make = (key: unknown) => {
      const entry = this.#context.newEntry(key, keyGroup)
      all.push(entry)
      return entry
    }
    if (single !== undefined && single === this.#single) return make
    this.#single = undefined
    const byKey = this.#byKey ?? this.#index()
    return (key) => {
      const found = byKey.get(key)
      if (found !== undefined) return found
      const entry = make(key)
      byKey.set(key, entry)
      return entry
    }
  }

  end(): void {
    this.#context.addRestored(this.#all)
    this.#all = []
  }

  #index(): KeyMap<KeyEntry> {
    const byKey = new KeyMap<KeyEntry>()
    for (const entry of this.#all.slice(this.#start)) byKey.set(entry.key, entry)
    this.#byKey = byKey
    return byKey
  }
}
