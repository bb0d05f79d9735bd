import { KeyMap } from '@flink-ts/core'
import type { PendingWrite } from './pending-write.js'

/** The map of one key, by value of the map's keys. A snapshot may be at writing it: then entries are written before they are accessed. */
export class HeapMap<V = unknown> {
  readonly #map = new KeyMap<V>()
  pending: readonly PendingWrite[] | undefined = undefined

  get size(): number {
    return this.#map.size
  }

  get(key: unknown): V | undefined {
    if (this.pending !== undefined) this.#beforeAccess(key)
    return this.#map.get(key)
  }

  has(key: unknown): boolean {
    return this.#map.has(key)
  }

  set(key: unknown, value: V): void {
    if (this.pending !== undefined) this.#beforeAccess(key)
    this.#map.set(key, value)
  }

  delete(key: unknown): boolean {
    if (this.pending !== undefined) this.#beforeAccess(key)
    return this.#map.delete(key)
  }

  *entries(): IterableIterator<[key: unknown, value: V]> {
    for (const entry of this.#map.entries()) {
      if (this.pending !== undefined) this.#beforeAccess(entry[0])
      yield entry
    }
  }

  *keys(): IterableIterator<unknown> {
    for (const [key] of this.#map.entries()) yield key
  }

  /** For who writes a snapshot: gives out entries as they are, also while others are added and removed. */
  rawEntries(): IterableIterator<[key: unknown, value: V]> {
    return this.#map.entries()
  }

  /** For who writes a snapshot. */
  rawGet(key: unknown): V | undefined {
    return this.#map.get(key)
  }

  #beforeAccess(key: unknown): void {
    for (const write of this.pending!) write.beforeAccess(key)
  }
}
