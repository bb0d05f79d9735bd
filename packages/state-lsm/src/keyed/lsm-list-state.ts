import type { ListState } from '@flink-ts/core'
import { copyBytes, varintLength, writeVarint } from '../store/bytes.js'
import type { LsmKeyContext } from './lsm-key-context.js'
import type { LsmStateSlot } from './lsm-state-table.js'
import { StateKey } from './state-key.js'

/** Bytes after which a chunk is full. */
const CHUNK_BYTES = 4096
/** Chunks that are read at once when the list is asked for. */
const EAGER_CHUNKS = 16

/**
 * List state in the store. Under the key itself lies its tail: varint number of full chunks, then the last values; each full chunk lies
 * under the key and its number, u32 big-endian. Adding writes the tail only.
 */
export class LsmListState<T> implements ListState<T> {
  readonly #context: LsmKeyContext
  readonly #key: StateKey
  readonly #slot: LsmStateSlot
  #tail: Buffer = Buffer.allocUnsafeSlow(2 * CHUNK_BYTES)

  constructor(context: LsmKeyContext, slot: LsmStateSlot) {
    this.#context = context
    const { description, number } = slot
    this.#key = new StateKey(context, { name: description.name, number, hasParts: true })
    this.#slot = slot
  }

  get(): Iterable<T> {
    const tail = this.#readTail()
    if (tail === undefined) return []
    const { chunks } = tail
    if (chunks > EAGER_CHUNKS) return this.#lazily(chunks, tail.values)
    const values: T[] = []
    for (let i = 0; i < chunks; i++) values.push(...this.#chunk(this.#key.select(), i))
    values.push(...tail.values)
    return values
  }

  add(value: T): void {
    const { codec } = this.#slot
    const encoded = codec.encode(value)
    this.#append(encoded, codec.length)
  }

  addAll(values: Iterable<T>): void {
    for (const value of values) this.add(value)
  }

  update(values: Iterable<T>): void {
    const { codec } = this.#slot
    // All before the first is written: they may be read from this list.
    const encoded = Array.from(values, (value) =>
      Buffer.from(codec.encode(value).subarray(0, codec.length)),
    )
    this.clear()
    for (const bytes of encoded) this.#append(bytes, bytes.length)
  }

  clear(): void {
    const { store } = this.#context
    const chunks = this.#chunks()
    if (chunks < 0) return
    for (let i = 0; i < chunks; i++) {
      const { hash, bytes, length } = this.#key.select().appendNumber(i)
      store.remove(hash, 0, bytes, length)
    }
    const { hash, bytes, length } = this.#key.select()
    store.remove(hash, 0, bytes, length)
  }

  #append(encoded: Buffer, length: number): void {
    const { store } = this.#context
    const key = this.#key.select()
    let chunks = 0
    let used = 0
    if (store.get(key.hash, key.bytes, key.length)) {
      const found = this.#context.found()
      chunks = readVarint(found)
      used = found.limit - found.position
      this.#reserve(used + length)
      copyBytes(found.bytes, found.position, this.#tail, 5, used)
    } else this.#reserve(length)
    if (used > 0 && used + length > CHUNK_BYTES) {
      key.appendNumber(chunks++)
      store.put(key.hash, 0, key.bytes, key.length, this.#tail, 5, used)
      key.select()
      used = 0
    }
    copyBytes(encoded, 0, this.#tail, 5 + used, length)
    // The number ends where the values begin.
    const start = 5 - varintLength(chunks)
    writeVarint(this.#tail, start, chunks)
    store.put(key.hash, 0, key.bytes, key.length, this.#tail, start, 5 - start + used + length)
  }

  #reserve(valueBytes: number): void {
    if (valueBytes + 5 > this.#tail.length) this.#tail = Buffer.allocUnsafeSlow(2 * valueBytes + 5)
  }

  /** @returns -1: the key has no list */
  #chunks(): number {
    const { hash, bytes, length } = this.#key.select()
    return this.#context.store.get(hash, bytes, length) ? readVarint(this.#context.found()) : -1
  }

  #readTail(): { readonly chunks: number; readonly values: T[] } | undefined {
    const { hash, bytes, length } = this.#key.select()
    if (!this.#context.store.get(hash, bytes, length)) return undefined
    const found = this.#context.found()
    const chunks = readVarint(found)
    return { chunks, values: this.#slot.codec.decodeAll(found) as T[] }
  }

  #chunk(key: StateKey, number: number): T[] {
    const { hash, bytes, length } = key.appendNumber(number)
    if (!this.#context.store.get(hash, bytes, length)) return []
    return this.#slot.codec.decodeAll(this.#context.found()) as T[]
  }

  /** A chunk is read when it is come to, for the key of now, whichever is the current one then. */
  #lazily(chunks: number, tail: T[]): Iterable<T> {
    const context = this.#context
    const { description, number } = this.#slot
    const key = new StateKey(context, { name: description.name, number, hasParts: true })
    key.select()
    const read = (chunk: number) => this.#chunk(key, chunk)
    return {
      *[Symbol.iterator]() {
        for (let i = 0; i < chunks; i++) yield* read(i)
        yield* tail
      },
    }
  }
}

/** Reads a varint and goes on behind it. */
export function readVarint(view: { readonly bytes: Buffer; position: number }): number {
  let value = 0
  for (let shift = 0; ; shift += 7) {
    const byte = view.bytes[view.position++]!
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) return value
  }
}
