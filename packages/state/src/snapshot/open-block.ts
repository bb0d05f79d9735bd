import assert from 'node:assert/strict'
import { encodeKey, type ValueEncoder } from '@flink-ts/core'
import { ByteWriter } from './byte-writer.js'
import type { EntryRun } from './entry-run.js'
import type { KeyBytes } from './key-bytes.js'
import { MOST_NUMBER_BYTES, writeNumber } from './number-bytes.js'

/** Elements of one entry, at most: longer lists and maps are several entries of one key. */
const MAX_ELEMENTS = 1024
const FIRST_BYTES = 512
/** Three varints in front of the entries. */
const HEAD_BYTES = 32
/** Bytes after which a block ends; one large entry may make it longer. */
export const FULL_BYTES = 64 * 1024
/** What stands in front of the 8 bytes of a key that is a number: its length, and the tag. */
const NUMBER_KEY = [9, encodeKey(0)[0]!] as const
const NUMBER_KEY_BYTES = 10

/** What a timer is for and when it fires. */
export interface SnapshotTimer {
  readonly timestamp: number
  readonly namespace: unknown
}

/** What the values of a block, and the keys of its maps, are written with. */
export interface BlockEncoders {
  readonly values: ValueEncoder
  readonly mapKeys: ValueEncoder | undefined
}

/** Entries of one state that become one frame. Its values decode from fresh tables. */
export class OpenBlock {
  readonly #entries = new ByteWriter(FIRST_BYTES)
  readonly #head = new ByteWriter(HEAD_BYTES)
  readonly #values: ValueEncoder
  readonly #mapKeys: ValueEncoder | undefined
  readonly #areShared: boolean
  #count = 0

  /** @param areShared blocks with the same encoders are open: then each entry begins with fresh tables */
  constructor({ values, mapKeys }: BlockEncoders, areShared = false) {
    this.#values = values
    this.#mapKeys = mapKeys
    this.#areShared = areShared
  }

  /** Whether no more should go into it. */
  get isFull(): boolean {
    return this.#entries.position >= FULL_BYTES
  }

  get sizeBytes(): number {
    return this.#entries.position
  }

  /** @param key undefined: operator state has none. Throws what the encoders throw; nothing is written then */
  addValue(key: unknown, value: unknown): void {
    this.#entry(key, () => this.#entries.value(this.#values, value))
  }

  /**
   * {@link addValue} for many, and their key is encoded already. When it throws, the block is not to be used any more.
   *
   * @param start where the key and its length begin in `keys`
   */
  addValueOfEncoded(keys: KeyBytes, start: number, end: number, value: unknown): void {
    const entries = this.#entries
    entries.words(keys.data, start, end)
    entries.value(this.#values, value)
    this.#count++
  }

  /** {@link addValue} of a key that is a number. When it throws, the block is not to be used any more. */
  addValueOfNumber(key: number, value: unknown): void {
    const entries = this.#entries
    entries.u8(NUMBER_KEY[0])
    entries.u8(NUMBER_KEY[1])
    // -0 is 0, and all NaN are one.
    entries.f64(key === 0 ? 0 : Number.isNaN(key) ? Number.NaN : key)
    entries.value(this.#values, value)
    this.#count++
  }

  /**
   * {@link addValue} for all entries of a run, of a state whose declared type is `int` or `double`. When it throws, the block is not to be used any more.
   *
   * @returns how many they are
   */
  addNumbers(run: EntryRun, type: 'int' | 'double'): number {
    if (run.keyBytes === undefined) this.#addNumbersOfNumbers(run, type)
    else this.#addNumbersOfEncoded(run, run.keyBytes, type)
    this.#count += run.length
    return run.length
  }

  #addNumbersOfNumbers({ values, numberKeys, length }: EntryRun, type: 'int' | 'double'): void {
    const entries = this.#entries
    entries.reserve(length * (NUMBER_KEY_BYTES + MOST_NUMBER_BYTES))
    const { bytes, data } = entries
    let at = entries.position
    for (let i = 0; i < length; i++) {
      const key = numberKeys[i]!
      bytes[at] = NUMBER_KEY[0]
      bytes[at + 1] = NUMBER_KEY[1]
      data.setFloat64(at + 2, key === 0 ? 0 : Number.isNaN(key) ? Number.NaN : key, true)
      at = writeNumber(entries, at + NUMBER_KEY_BYTES, this.#checked(values[i], type))
    }
    entries.position = at
  }

  #addNumbersOfEncoded(
    { values, starts, ends, length }: EntryRun,
    keys: KeyBytes,
    type: 'int' | 'double',
  ): void {
    const entries = this.#entries
    for (let i = 0; i < length; i++) {
      const start = starts[i]!
      const end = ends[i]!
      // The word that the key ends in may be longer than it.
      entries.reserve(end - start + 8 + MOST_NUMBER_BYTES)
      entries.words(keys.data, start, end)
      entries.position = writeNumber(entries, entries.position, this.#checked(values[i], type))
    }
  }

  /** @throws TypeMismatchError when it is no number of the type */
  #checked(value: unknown, type: 'int' | 'double'): number {
    if (typeof value === 'number' && (type === 'double' || (value | 0) === value)) return value
    this.#entries.value(this.#values, value)
    assert.fail('its serializer refuses what is not of the type')
  }

  /** @returns how many elements it took */
  addElements(key: unknown, elements: Iterator<unknown>): number {
    return this.#addMany(key, elements, (element) => this.#entries.value(this.#values, element))
  }

  addMapEntries(key: unknown, entries: Iterator<readonly [unknown, unknown]>): number {
    return this.#addMany(key, entries, ([mapKey, value]) => {
      this.#entries.value(this.#mapKeys!, mapKey)
      this.#entries.value(this.#values, value)
    })
  }

  addTimers(key: unknown, timers: Iterator<SnapshotTimer>): number {
    return this.#addMany(key, timers, ({ timestamp, namespace }) => {
      this.#entries.f64(timestamp)
      this.#entries.value(this.#values, namespace)
    })
  }

  /** The parts of the frame's body, without the entries of blocks before, as they are until the next entry comes; the block is empty again. */
  take(state: number, keyGroup: number | undefined): readonly Buffer[] {
    const head = this.#head
    head.position = 0
    head.varint(state)
    if (keyGroup !== undefined) head.varint(keyGroup)
    head.varint(this.#count)
    const parts = [head.written(), this.#entries.written()]
    this.#entries.position = 0
    this.#count = 0
    this.#freshTables()
    return parts
  }

  #addMany<E>(key: unknown, elements: Iterator<E>, write: (element: E) => void): number {
    const taken: E[] = []
    while (taken.length < MAX_ELEMENTS) {
      const next = elements.next()
      if (next.done === true) break
      taken.push(next.value)
    }
    if (taken.length === 0) return 0
    this.#entry(key, () => {
      this.#entries.varint(taken.length)
      for (const element of taken) write(element)
    })
    return taken.length
  }

  #entry(key: unknown, write: () => void): void {
    const entries = this.#entries
    const start = entries.position
    if (this.#areShared) this.#freshTables()
    try {
      if (key !== undefined) {
        const bytes = encodeKey(key)
        entries.varint(bytes.length)
        entries.raw(bytes)
      }
      write()
      this.#count++
    } catch (error) {
      entries.position = start
      throw error
    }
  }

  #freshTables(): void {
    this.#values.reset()
    this.#mapKeys?.reset()
  }
}
