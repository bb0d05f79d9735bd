import { KeyMap } from '@flink-ts/core'
import type { HeapMap } from './heap-map.js'
import type { PendingWrite } from './pending-write.js'

/** Entries of one part. */
const PART = 256

type MapEntry = readonly [key: unknown, value: unknown]

/**
 * Writes a map as it was when this was made: an entry that is accessed before its turn is written then. While it lasts it holds
 * the keys that were written.
 */
export class PendingMapWrite implements PendingWrite {
  readonly #map: HeapMap
  readonly #entries: Iterator<[unknown, unknown]>
  /** Map keys that need not be written, because they were or because there was no entry. */
  readonly #written = new KeyMap<true>()
  readonly #write: (entries: readonly MapEntry[]) => void
  #isDone = false

  constructor(map: HeapMap, write: (entries: readonly MapEntry[]) => void) {
    this.#map = map
    this.#entries = map.rawEntries()
    this.#write = write
    map.pending = [...(map.pending ?? []), this]
  }

  step(): boolean {
    if (this.#isDone) return true
    const part: MapEntry[] = []
    for (let looked = 0; looked < PART; looked++) {
      const next = this.#entries.next()
      if (next.done === true) {
        this.close()
        break
      }
      const [key] = next.value
      if (this.#written.has(key)) continue
      this.#written.set(key, true)
      part.push(next.value)
    }
    if (part.length > 0) this.#write(part)
    return this.#isDone
  }

  beforeAccess(key: unknown): void {
    if (this.#written.has(key)) return
    this.#written.set(key, true)
    const value = this.#map.rawGet(key)
    if (value !== undefined) this.#write([[key, value]])
  }

  close(): void {
    if (this.#isDone) return
    this.#isDone = true
    const others = this.#map.pending!.filter((write) => write !== this)
    this.#map.pending = others.length === 0 ? undefined : others
  }
}
