/** {@link KeyEntry.version} of an entry whose key has no state any more: above all others, nobody lacks it. */
export const DROPPED = 0x3fffffff

/**
 * Everything that one key has: one lookup serves all states of the operator. Most operators have one
 * state, whose value lies in the entry itself: an array for it would cost two more reads of memory that
 * is seldom in a cache, and several times the space.
 */
export class KeyEntry {
  readonly key: unknown
  readonly keyGroup: number
  /**
   * Number of the newest snapshot that has what it needs of this entry; those before have too. {@link DROPPED}: another
   * entry may have taken this one's place.
   */
  version: number
  /** Number of its segment and place in that: see `KeySegments`. */
  place = 0
  /** Of state 0; undefined where the key has no value. */
  #first: unknown = undefined
  /** Of the states from 1 on. */
  #others: unknown[] | undefined = undefined

  constructor(key: unknown, keyGroup: number, version: number) {
    this.key = key
    this.keyGroup = keyGroup
    this.version = version
  }

  /** The value of the state with this number; undefined where the key has none. */
  get(index: number): unknown {
    return index === 0 ? this.#first : this.#others?.[index - 1]
  }

  set(index: number, value: unknown): void {
    if (index === 0) {
      this.#first = value
      return
    }
    this.#others ??= []
    // No holes: an array with holes is slower for good.
    while (this.#others.length < index) this.#others.push(undefined)
    this.#others[index - 1] = value
  }

  get isEmpty(): boolean {
    if (this.#first !== undefined) return false
    return this.#others === undefined || this.#others.every((value) => value === undefined)
  }
}
