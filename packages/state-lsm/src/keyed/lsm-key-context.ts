import { encodeKey, hashKey, type InputView, type KeyGroupRange, keyGroupFor } from '@flink-ts/core'
import { KeyGroupOutOfRangeError, NoCurrentKeyError } from '@flink-ts/state'
import type { LsmStore } from '../store/lsm-store.js'

/** Where values are read from memory that belongs to the store. */
export interface StoredBytes extends InputView {
  position: number
  limit: number
}

/** The current key, the store, and memory that all states of a backend share. */
export class LsmKeyContext {
  readonly store: LsmStore
  readonly #maxParallelism: number
  readonly #range: KeyGroupRange
  #key: unknown = undefined
  /** Of the current key; undefined: not needed so far. */
  #bytes: Uint8Array | undefined
  #keyGroup = 0
  /** Changes with the current key. */
  version = 0
  readonly #views = new WeakMap<Buffer, StoredBytes>()
  #lastView: StoredBytes | undefined

  constructor(store: LsmStore, maxParallelism: number, range: KeyGroupRange) {
    this.store = store
    this.#maxParallelism = maxParallelism
    this.#range = range
  }

  get key(): unknown {
    return this.#key
  }

  setKey(key: unknown): void {
    this.#key = key
    this.#bytes = undefined
    this.version++
  }

  /** The canonical bytes of the current key. @throws NoCurrentKeyError, KeyGroupOutOfRangeError, KeyNotSupportedError */
  keyBytes(stateName: string): Uint8Array {
    if (this.#bytes !== undefined) return this.#bytes
    if (this.#key === undefined) throw new NoCurrentKeyError(stateName)
    const keyGroup = keyGroupFor(hashKey(this.#key), this.#maxParallelism)
    if (keyGroup < this.#range.start || keyGroup > this.#range.end) {
      throw new KeyGroupOutOfRangeError(this.#key, keyGroup, this.#range)
    }
    this.#keyGroup = keyGroup
    this.#bytes = encodeKey(this.#key)
    return this.#bytes
  }

  /** Of the key that {@link keyBytes} was asked for. */
  get keyGroup(): number {
    return this.#keyGroup
  }

  /** What the store has found last, to be decoded before the next access. */
  found(): StoredBytes {
    const { valueBytes, valueStart, valueLength } = this.store
    return this.viewOf(valueBytes, valueStart, valueLength)
  }

  /** The bytes `[start, start + length)`, valid until the next call. */
  viewOf(bytes: Buffer, start: number, length: number): StoredBytes {
    let view = this.#lastView
    if (view?.bytes !== bytes) {
      view = this.#views.get(bytes)
      if (view === undefined) {
        const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
        view = { bytes, data, position: 0, limit: 0 }
        this.#views.set(bytes, view)
      }
      this.#lastView = view
    }
    view.position = start
    view.limit = start + length
    return view
  }
}
