/** Strings at the beginning of a record whose numbers are remembered. */
export const REMEMBERED_STRINGS = 8

/** After so many searches that found nothing only one in {@link RARELY} is made. */
const PATIENCE = 64
const RARELY = 1024

/**
 * What a decoder knows of the strings that it met more than once: each has a number, and whoever keeps something
 * for a key that is such a string can leave a handle to it there.
 */
export interface KeyHandles {
  /** Numbers of the first strings of the record that was read last, in their order; -1: has none. */
  readonly recentIds: Int32Array
  /** By number. */
  readonly strings: readonly (string | undefined)[]
  /** By number; undefined as soon as the number stands for another string, and after a reset of the tables. */
  readonly handles: unknown[]
}

/**
 * Finds what belongs to a key without looking the key up: the number under which the key's string came gives the
 * handle that was left there. Which of a record's strings is the key is learnt; every answer is checked
 * against the key itself, so that a key selector may do what it likes.
 *
 * Of one owner ({@link claim}): handles of two would mix. Handles live as long as the decoders of the task; none is ever
 * written anywhere. An owner that drops what a handle stands for must be able to tell that from the handle.
 */
export class KeyHandleSource {
  /** Of the decoder that read the last record. Set by decoders. */
  current: KeyHandles | undefined = undefined
  #position = 0
  #found = -1
  #fruitless = 0
  #isClaimed = false

  /** The source itself for the first who asks, undefined for all others. */
  claim(): this | undefined {
    if (this.#isClaimed) return undefined
    this.#isClaimed = true
    return this
  }

  /** The handle that {@link put} left for this key; undefined if there is none. */
  get(key: unknown): unknown {
    const current = this.current
    if (current === undefined) return undefined
    const id = current.recentIds[this.#position]!
    if (id >= 0 && current.strings[id] === key) {
      this.#found = id
      return current.handles[id]
    }
    return this.#search(key, current)
  }

  /** Leaves a handle for `key`, which {@link get} was called with last, if it is a string with a number. */
  put(key: unknown, handle: unknown): void {
    const { current } = this
    if (current === undefined || this.#found < 0) return
    if (current.strings[this.#found] === key) current.handles[this.#found] = handle
  }

  #search(key: unknown, current: KeyHandles): unknown {
    this.#found = -1
    if (typeof key !== 'string') return undefined
    if (++this.#fruitless > PATIENCE && this.#fruitless % RARELY !== 0) return undefined
    for (let i = 0; i < REMEMBERED_STRINGS; i++) {
      const id = current.recentIds[i]!
      if (id < 0 || current.strings[id] !== key) continue
      this.#position = i
      this.#found = id
      this.#fruitless = 0
      return current.handles[id]
    }
    return undefined
  }
}
