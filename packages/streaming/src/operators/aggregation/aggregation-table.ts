import { KeyMap } from '@flink-ts/core'
import type { ManagedMemory } from '@flink-ts/runtime/program'
import { heapBytesOf } from './heap-size.js'

/** Memory is reserved in pieces of this many bytes: the counters are shared between threads. */
const RESERVATION_BYTES = 32 * 1024
/** A cell and its place in the map of keys. */
const CELL_BYTES = 136
/** Part of the memory that keys are not inserted into where values grow. */
const ROOM_TO_GROW = 1 / 8

/** What one key has come to. */
export class AggregationCell {
  readonly key: unknown
  value: unknown
  /** As it was reckoned last. */
  bytes: number
  updates = 0
  /** The table has it no more: whoever remembered it must ask the table. */
  isGone = false

  constructor(key: unknown, value: unknown, bytes: number) {
    this.key = key
    this.value = value
    this.bytes = bytes
  }
}

/** The values of keys on the heap, as far as managed memory goes. */
export class AggregationTable {
  readonly #memory: ManagedMemory
  readonly #valuesGrow: boolean
  /** Bytes up to which keys are inserted. */
  readonly #insertLimit: number
  #cells = new KeyMap<AggregationCell>()
  #reservedBytes = 0
  #usedBytes = 0

  /** @param options.valuesGrow whether the value of a key may need more memory later than at first */
  constructor(options: { memory: ManagedMemory; valuesGrow: boolean }) {
    this.#memory = options.memory
    this.#valuesGrow = options.valuesGrow
    const { shareBytes } = options.memory
    this.#insertLimit = options.valuesGrow ? shareBytes * (1 - ROOM_TO_GROW) : shareBytes
  }

  get size(): number {
    return this.#cells.size
  }

  find(key: unknown): AggregationCell | undefined {
    return this.#cells.get(key)
  }

  /** Adds a key that is not there. @returns undefined, and nothing has changed, if there is no memory for it */
  tryInsert(key: unknown, value: unknown): AggregationCell | undefined {
    const bytes = bytesOf(key, value)
    if (this.#usedBytes + bytes > this.#insertLimit || !this.#tryUse(bytes)) return undefined
    return this.#insert(key, value, bytes)
  }

  /** Like {@link tryInsert}. @throws ManagedMemoryExceededError */
  insert(key: unknown, value: unknown): AggregationCell {
    const bytes = bytesOf(key, value)
    if (!this.#tryUse(bytes)) {
      this.#usedBytes += bytes
      this.requireMemory()
    }
    return this.#insert(key, value, bytes)
  }

  /** @returns false if the table has outgrown its memory by it */
  update(cell: AggregationCell, value: unknown): boolean {
    cell.value = value
    if (!this.#valuesGrow) return true
    const updates = ++cell.updates
    // Each doubling: so that a value that grows all the time is found, and one that stays costs nothing.
    if ((updates & (updates - 1)) !== 0) return true
    const bytes = bytesOf(cell.key, value)
    const grown = bytes - cell.bytes
    cell.bytes = bytes
    if (grown <= 0) {
      this.#usedBytes += grown
      return true
    }
    if (this.#tryUse(grown)) return true
    this.#usedBytes += grown
    return false
  }

  /** For a table that nothing more can be taken from. @throws ManagedMemoryExceededError if it has outgrown its memory */
  requireMemory(): void {
    const missing = this.#usedBytes - this.#reservedBytes
    if (missing <= 0 || this.#tryReserve(missing)) return
    this.#memory.reserve(missing)
    this.#reservedBytes += missing
  }

  forEach(visit: (cell: AggregationCell) => void): void {
    this.#cells.forEach(visit)
  }

  cells(): IterableIterator<[key: unknown, cell: AggregationCell]> {
    return this.#cells.entries()
  }

  /** Forgets all keys and gives their memory back. */
  clear(): void {
    this.#cells.forEach(drop)
    this.#cells = new KeyMap()
    this.#memory.release(this.#reservedBytes)
    this.#reservedBytes = 0
    this.#usedBytes = 0
  }

  #insert(key: unknown, value: unknown, bytes: number): AggregationCell {
    const cell = new AggregationCell(key, value, bytes)
    this.#cells.set(key, cell)
    return cell
  }

  #tryUse(bytes: number): boolean {
    const used = this.#usedBytes + bytes
    if (used > this.#reservedBytes && !this.#tryReserve(used - this.#reservedBytes)) return false
    this.#usedBytes = used
    return true
  }

  #tryReserve(missing: number): boolean {
    const bytes = Math.ceil(missing / RESERVATION_BYTES) * RESERVATION_BYTES
    if (!this.#memory.tryReserve(bytes)) return false
    this.#reservedBytes += bytes
    return true
  }
}

function bytesOf(key: unknown, value: unknown): number {
  // A key that is no primitive is kept as text, too.
  const keyBytes = typeof key === 'object' ? 2 * heapBytesOf(key) + 96 : heapBytesOf(key)
  return CELL_BYTES + keyBytes + heapBytesOf(value)
}

function drop(cell: AggregationCell): void {
  cell.isGone = true
  cell.value = undefined
}
