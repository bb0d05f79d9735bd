import { encodeKey } from '@flink-ts/core'
import { KeyBytes } from '../snapshot/key-bytes.js'
import type { KeyEntry } from './key-entry.js'

/** Places of one segment. */
export const SEGMENT_SIZE = 4096
/** Entries from which on the bytes of their keys are kept: memory of its own costs more than the bytes of a few. */
const WORTH_KEEPING = 64

/**
 * Entries of one key group, in the order in which they were made. A snapshot goes through them segment after segment: to follow the
 * iterator of a map, and to sort by key group what it gives, took several times as long.
 */
export class KeySegment {
  readonly number: number
  /** Of keys that are gone, too, until the segments of the group are made anew. */
  readonly entries: KeyEntry[] = []
  #keys: KeyBytes | undefined = undefined
  #encoded = 0
  /** Whether there are keys that are numbers, as far as {@link keyBytes} has looked. */
  hasNumbers = false

  constructor(number: number) {
    this.number = number
  }

  /** Whether all keys are numbers, of those that {@link keyBytes} has looked at. */
  get hasOnlyNumbers(): boolean {
    return this.#encoded > 0 && this.#keys === undefined
  }

  /**
   * The bytes of all keys that are no numbers, each with its length in front, in the order of the entries: kept from one snapshot to the
   * next, since keys do not change and to encode texts is most of what a snapshot of numbers would cost. Undefined: there are too few.
   */
  keyBytes(): KeyBytes | undefined {
    const { entries } = this
    if (entries.length < WORTH_KEEPING) return undefined
    if (this.#encoded === entries.length) return this.#keys
    const added: Uint8Array[] = []
    for (let i = this.#encoded; i < entries.length; i++) {
      const { key } = entries[i]!
      if (typeof key === 'number') this.hasNumbers = true
      else added.push(encodeKey(key))
    }
    this.#encoded = entries.length
    if (added.length === 0) return this.#keys
    this.#keys ??= new KeyBytes()
    this.#keys.add(added, entries.length === SEGMENT_SIZE)
    return this.#keys
  }
}
