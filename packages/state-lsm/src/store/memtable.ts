import { copyBytes, equalBytes, keyGroupOf } from './bytes.js'
import { type Cursor, TOMBSTONE } from './cursor.js'
import { sortByBytes } from './sort-by-bytes.js'

/** Fields of an entry in {@link Memtable}'s array of them. */
const HASH = 0
const KEY_START = 1
const KEY_LENGTH = 2
const VALUE_START = 3
const VALUE_LENGTH = 4
const VALUE_CAPACITY = 5
const NEXT_OF_PREFIX = 6
const STRIDE = 7

/** Bytes of data per entry for which the tables are made: with smaller entries they fill first. */
const EXPECTED_ENTRY_BYTES = 48

/**
 * The newest writes, in memory of a fixed size off the heap: a hash table of keys and values. Frozen tables are read and written to files,
 * never changed.
 */
export class Memtable {
  readonly #data: Buffer
  readonly #entries: Int32Array
  /** Entry numbers from 1 on, 0: free. Open addressing, at most half full. */
  readonly #slots: Int32Array
  /** First entry of those whose prefix has this hash, as above. */
  readonly #prefixes: Int32Array
  readonly #mask: number
  #count = 0
  #used = 0
  #references = 1
  isFrozen = false
  /** Where {@link find} found. */
  valueStart = 0
  valueLength = 0

  /** @param dataBytes for keys and values; beside it the tables take two thirds of as much */
  constructor(dataBytes: number) {
    const capacity = Math.max(64, Math.floor(dataBytes / EXPECTED_ENTRY_BYTES))
    const slots = 2 ** Math.ceil(Math.log2(capacity * 1.5))
    this.#data = Buffer.allocUnsafeSlow(dataBytes)
    this.#entries = new Int32Array(capacity * STRIDE)
    this.#slots = new Int32Array(slots)
    this.#prefixes = new Int32Array(slots / 4)
    this.#mask = slots - 1
  }

  /** Memory of a table made with `dataBytes`. */
  static memoryBytesFor(dataBytes: number): number {
    const capacity = Math.max(64, Math.floor(dataBytes / EXPECTED_ENTRY_BYTES))
    const slots = 2 ** Math.ceil(Math.log2(capacity * 1.5))
    return dataBytes + 4 * (capacity * STRIDE + slots + slots / 4)
  }

  get count(): number {
    return this.#count
  }

  get capacityBytes(): number {
    return this.#data.length
  }

  /** Bytes of keys and values, with what was overwritten. */
  get usedBytes(): number {
    return this.#used
  }

  get data(): Buffer {
    return this.#data
  }

  retain(): this {
    this.#references++
    return this
  }

  /** @returns whether nobody holds it any more */
  release(): boolean {
    return --this.#references === 0
  }

  /** Makes it empty and held by one. */
  reset(): void {
    this.#slots.fill(0)
    this.#prefixes.fill(0)
    this.#count = 0
    this.#used = 0
    this.#references = 1
    this.isFrozen = false
  }

  /** @returns whether the key is known; `valueStart` and `valueLength` (perhaps {@link TOMBSTONE}) tell what of it */
  find(hash: number, key: Buffer, length: number): boolean {
    const slot = this.#slot(hash, key, length)
    const number = this.#slots[slot]!
    if (number === 0) return false
    const entry = (number - 1) * STRIDE
    this.valueStart = this.#entries[entry + VALUE_START]!
    this.valueLength = this.#entries[entry + VALUE_LENGTH]!
    return true
  }

  /**
   * Sets the value of a key; {@link TOMBSTONE} as `valueLength` removes it.
   *
   * @param prefixHash of the first bytes of the key, by which {@link forEachOfPrefix} finds it; 0: it does not
   * @returns false: there is no room, nothing has changed
   */
  put(
    hash: number,
    prefixHash: number,
    key: Buffer,
    keyLength: number,
    value: Buffer,
    valueStart: number,
    valueLength: number,
  ): boolean {
    const slot = this.#slot(hash, key, keyLength)
    const number = this.#slots[slot]!
    if (number !== 0) return this.#replace((number - 1) * STRIDE, value, valueStart, valueLength)
    const entries = this.#entries
    const entry = this.#count * STRIDE
    const valueBytes = valueLength === TOMBSTONE ? 0 : valueLength
    const start = this.#used
    if (entry === entries.length || start + keyLength + valueBytes > this.#data.length) return false
    copyBytes(key, 0, this.#data, start, keyLength)
    copyBytes(value, valueStart, this.#data, start + keyLength, valueBytes)
    this.#used = start + keyLength + valueBytes
    entries[entry + HASH] = hash
    entries[entry + KEY_START] = start
    entries[entry + KEY_LENGTH] = keyLength
    entries[entry + VALUE_START] = start + keyLength
    entries[entry + VALUE_LENGTH] = valueLength
    entries[entry + VALUE_CAPACITY] = valueBytes
    entries[entry + NEXT_OF_PREFIX] = 0
    this.#slots[slot] = ++this.#count
    if (prefixHash !== 0) {
      const chain = prefixHash & (this.#prefixes.length - 1)
      entries[entry + NEXT_OF_PREFIX] = this.#prefixes[chain]!
      this.#prefixes[chain] = this.#count
    }
    return true
  }

  #replace(entry: number, value: Buffer, valueStart: number, valueLength: number): boolean {
    const entries = this.#entries
    if (valueLength > entries[entry + VALUE_CAPACITY]!) {
      // Values that grow (lists) grow on: twice the room makes what is left behind as much as what is used, at most.
      const isFirst = entries[entry + VALUE_CAPACITY] === 0
      const wanted = isFirst ? valueLength : valueLength * 2
      const room = this.#data.length - this.#used
      if (valueLength > room) return false
      const capacity = Math.min(wanted, room)
      entries[entry + VALUE_START] = this.#used
      entries[entry + VALUE_CAPACITY] = capacity
      this.#used += capacity
    }
    if (valueLength > 0) {
      copyBytes(value, valueStart, this.#data, entries[entry + VALUE_START]!, valueLength)
    }
    entries[entry + VALUE_LENGTH] = valueLength
    return true
  }

  #slot(hash: number, key: Buffer, length: number): number {
    const slots = this.#slots
    const entries = this.#entries
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const number = slots[slot]!
      if (number === 0) return slot
      const entry = (number - 1) * STRIDE
      if (
        entries[entry + HASH] === hash &&
        entries[entry + KEY_LENGTH] === length &&
        equalBytes(this.#data, entries[entry + KEY_START]!, key, 0, length)
      ) {
        return slot
      }
    }
  }

  /** The entries whose keys begin with `prefix` and were put with its hash, in order. */
  cursorOfPrefix(prefixHash: number, prefix: Buffer, length: number): Cursor {
    const found: number[] = []
    const entries = this.#entries
    let number = this.#prefixes[prefixHash & (this.#prefixes.length - 1)]!
    while (number !== 0) {
      const entry = (number - 1) * STRIDE
      const isLonger = entries[entry + KEY_LENGTH]! > length
      if (isLonger && equalBytes(this.#data, entries[entry + KEY_START]!, prefix, 0, length)) {
        found.push(number - 1)
      }
      number = entries[entry + NEXT_OF_PREFIX]!
    }
    const order = Int32Array.from(found)
    this.#sort(order)
    return new MemtableCursor(this, order, [0, order.length], () => {})
  }

  /** All entries of a frozen table in order. The groups are sorted one by one when they are come to. */
  cursor(from: number, to: number): Cursor {
    const starts = new Int32Array(to - from + 2)
    const groupOf = (entry: number) =>
      keyGroupOf(this.#data, this.#entries[entry * STRIDE + KEY_START]!) - from
    for (let i = 0; i < this.#count; i++) {
      const group = groupOf(i)
      if (group >= 0 && group <= to - from) starts[group + 1]!++
    }
    for (let i = 1; i < starts.length; i++) starts[i]! += starts[i - 1]!
    const next = starts.slice()
    const order = new Int32Array(starts.at(-1)!)
    for (let i = 0; i < this.#count; i++) {
      const group = groupOf(i)
      if (group >= 0 && group <= to - from) order[next[group]!++] = i
    }
    return new MemtableCursor(this, order, starts, (part) => this.#sort(part))
  }

  #sort(order: Int32Array): void {
    const [entries, data] = [this.#entries, this.#data]
    sortByBytes(order, {
      bytes: data,
      startOf: (entry) => entries[entry * STRIDE + KEY_START]!,
      lengthOf: (entry) => entries[entry * STRIDE + KEY_LENGTH]!,
    })
  }

  /** @internal Points a cursor at an entry. */
  show(cursor: MemtableCursor, entry: number): void {
    const entries = this.#entries
    const at = entry * STRIDE
    cursor.keyStart = entries[at + KEY_START]!
    cursor.keyLength = entries[at + KEY_LENGTH]!
    cursor.valueStart = entries[at + VALUE_START]!
    cursor.valueLength = entries[at + VALUE_LENGTH]!
  }
}

class MemtableCursor implements Cursor {
  isValid = false
  keyBytes: Buffer
  keyStart = 0
  keyLength = 0
  valueBytes: Buffer
  valueStart = 0
  valueLength = 0
  readonly #table: Memtable
  readonly #order: Int32Array
  readonly #starts: ArrayLike<number>
  readonly #sort: (part: Int32Array) => void
  #part = 0
  #at = -1
  #isClosed = false

  constructor(
    table: Memtable,
    order: Int32Array,
    starts: ArrayLike<number>,
    sort: (part: Int32Array) => void,
  ) {
    this.#table = table.retain()
    this.#order = order
    this.#starts = starts
    this.#sort = sort
    this.keyBytes = table.data
    this.valueBytes = table.data
    this.next()
  }

  next(): void {
    this.#at++
    this.isValid = this.#at < this.#order.length
    if (!this.isValid) return
    while (this.#at >= this.#starts[this.#part]!) {
      const start = this.#starts[this.#part]!
      const end = this.#starts[++this.#part]!
      if (end - start > 1) this.#sort(this.#order.subarray(start, end))
    }
    this.#table.show(this, this.#order[this.#at]!)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.isValid = false
    this.#table.release()
  }
}
