import { decodeKey, encodeKey, type MapState } from '@flink-ts/core'
import type { LsmKeyContext } from './lsm-key-context.js'
import type { LsmStateSlot } from './lsm-state-table.js'
import { StateKey } from './state-key.js'

/** Entries that are read before the first is given out. */
const EAGER_ENTRIES = 1024

/** Map state in the store: each entry lies under the key and the canonical bytes of its map key. */
export class LsmMapState<K, V> implements MapState<K, V> {
  readonly #context: LsmKeyContext
  readonly #key: StateKey
  readonly #slot: LsmStateSlot

  constructor(context: LsmKeyContext, slot: LsmStateSlot) {
    this.#context = context
    const { description, number } = slot
    this.#key = new StateKey(context, { name: description.name, number, hasParts: true })
    this.#slot = slot
  }

  get(key: K): V | undefined {
    if (!this.contains(key)) return undefined
    return this.#slot.codec.decode(this.#context.found()) as V
  }

  put(key: K, value: V): void {
    if (value === undefined) {
      this.remove(key)
      return
    }
    const { hash, prefixHash, bytes, length } = this.#key.select().append(encodeKey(key))
    const { codec } = this.#slot
    const encoded = codec.encode(value)
    this.#context.store.put(hash, prefixHash, bytes, length, encoded, 0, codec.length)
  }

  putAll(entries: Iterable<readonly [K, V]>): void {
    for (const [key, value] of entries) this.put(key, value)
  }

  remove(key: K): void {
    if (!this.contains(key)) return
    const { hash, prefixHash, bytes, length } = this.#key
    this.#context.store.remove(hash, prefixHash, bytes, length)
  }

  contains(key: K): boolean {
    const { hash, bytes, length } = this.#key.select().append(encodeKey(key))
    return this.#context.store.get(hash, bytes, length)
  }

  entries(): Iterable<readonly [K, V]> {
    return this.#iterable((key, value) => [key() as K, value() as V])
  }

  keys(): Iterable<K> {
    return this.#iterable((key) => key() as K)
  }

  values(): Iterable<V> {
    return this.#iterable((_, value) => value() as V)
  }

  isEmpty(): boolean {
    const cursor = this.#cursor()
    try {
      return !cursor.isValid
    } finally {
      cursor.close()
    }
  }

  clear(): void {
    const keys: Buffer[] = []
    const cursor = this.#cursor()
    const { prefixLength } = this.#key
    for (; cursor.isValid; cursor.next()) {
      const { keyBytes, keyStart, keyLength } = cursor
      keys.push(Buffer.from(keyBytes.subarray(keyStart + prefixLength, keyStart + keyLength)))
    }
    cursor.close()
    for (const rest of keys) {
      const { hash, prefixHash, bytes, length } = this.#key.select().append(rest)
      this.#context.store.remove(hash, prefixHash, bytes, length)
    }
  }

  #cursor() {
    const { prefixHash, bytes, prefixLength } = this.#key.select()
    return this.#context.store.cursorOfPrefix(prefixHash, bytes, prefixLength)
  }

  /** The entries of the key of now, also when they are iterated over later or twice. */
  #iterable<R>(read: (key: () => unknown, value: () => unknown) => R): Iterable<R> {
    const context = this.#context
    const { codec } = this.#slot
    const { prefixHash, bytes, prefixLength } = this.#key.select()
    const prefix = Buffer.from(bytes.subarray(0, prefixLength))
    return {
      *[Symbol.iterator]() {
        const cursor = context.store.cursorOfPrefix(prefixHash, prefix, prefixLength)
        const key = () => {
          const end = cursor.keyStart + cursor.keyLength
          return decodeKey(cursor.keyBytes.subarray(cursor.keyStart + prefixLength, end))
        }
        const value = () => {
          const { valueBytes, valueStart, valueLength } = cursor
          return codec.decode(context.viewOf(valueBytes, valueStart, valueLength))
        }
        try {
          const first: R[] = []
          for (; cursor.isValid && first.length < EAGER_ENTRIES; cursor.next()) {
            first.push(read(key, value))
          }
          yield* first
          for (; cursor.isValid; cursor.next()) yield read(key, value)
        } finally {
          cursor.close()
        }
      },
    }
  }
}
