import type { MapState } from '@flink-ts/core'
import type { HeapKeyContext } from './heap-key-context.js'
import { HeapMap } from './heap-map.js'

/** Map state on the heap. Keys and values are kept and given out by reference. */
export class HeapMapState<K, V> implements MapState<K, V> {
  readonly #context: HeapKeyContext
  readonly #name: string
  readonly #index: number

  /** @param index of the state among those of a key */
  constructor(context: HeapKeyContext, { name }: { readonly name: string }, index: number) {
    this.#context = context
    this.#name = name
    this.#index = index
  }

  get(key: K): V | undefined {
    return this.#find()?.get(key)
  }

  put(key: K, value: V): void {
    if (value === undefined) {
      this.remove(key)
      return
    }
    let map = this.#find()
    if (map === undefined) {
      map = new HeapMap()
      // First, so that a key that cannot be one leaves no empty map.
      map.set(key, value)
      this.#context.findOrCreate(this.#name).set(this.#index, map)
    } else map.set(key, value)
  }

  putAll(entries: Iterable<readonly [K, V]>): void {
    for (const [key, value] of entries) this.put(key, value)
  }

  remove(key: K): void {
    const map = this.#find()
    if (map?.delete(key) === true && map.size === 0) this.clear()
  }

  contains(key: K): boolean {
    return this.#find()?.has(key) ?? false
  }

  entries(): Iterable<readonly [K, V]> {
    return (this.#find()?.entries() ?? []) as Iterable<readonly [K, V]>
  }

  keys(): Iterable<K> {
    return (this.#find()?.keys() ?? []) as Iterable<K>
  }

  *values(): Iterable<V> {
    for (const [, value] of this.entries()) yield value
  }

  isEmpty(): boolean {
    return this.#find() === undefined
  }

  clear(): void {
    const entry = this.#context.find(this.#name)
    if (entry === undefined) return
    entry.set(this.#index, undefined)
    if (entry.isEmpty) this.#context.drop()
  }

  #find(): HeapMap<V> | undefined {
    return this.#context.find(this.#name)?.get(this.#index) as HeapMap<V> | undefined
  }
}
