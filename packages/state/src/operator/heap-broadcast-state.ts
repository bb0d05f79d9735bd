import { type BroadcastState, KeyMap } from '@flink-ts/core'

/** Broadcast state on the heap: a map by value of its keys. */
export class HeapBroadcastState<K, V> implements BroadcastState<K, V> {
  #map = new KeyMap<V>()

  get(key: K): V | undefined {
    return this.#map.get(key)
  }

  contains(key: K): boolean {
    return this.#map.has(key)
  }

  entries(): Iterable<readonly [K, V]> {
    return this.#map.entries() as Iterable<readonly [K, V]>
  }

  put(key: K, value: V): void {
    this.#map.set(key, value)
  }

  putAll(entries: Iterable<readonly [K, V]>): void {
    for (const [key, value] of entries) this.put(key, value)
  }

  remove(key: K): void {
    this.#map.delete(key)
  }

  clear(): void {
    this.#map = new KeyMap<V>()
  }
}
