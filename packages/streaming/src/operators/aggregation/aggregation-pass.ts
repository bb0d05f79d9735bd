import assert from 'node:assert/strict'
import type { AggregationTable } from './aggregation-table.js'
import type { SpilledPartitions } from './spilled-partitions.js'

/**
 * How a pass goes on when its table is full:
 *
 * * `FITS`: it was not full so far.
 * * `FULL`: the table keeps its keys, whose elements go on being combined; elements of all other keys go to partitions. So
 *   keys that come often, which tend to come early, never do.
 * * `COMBINING`: values have outgrown the table. All that was in it went to partitions, and whenever it is full again it
 *   does so again.
 */
type Mode = 'FITS' | 'FULL' | 'COMBINING'

/** One pass over elements, or over one partition of those that earlier passes left: what fits into memory, and what does not. */
export class AggregationPass {
  readonly #table: AggregationTable
  readonly #createPartitions: () => SpilledPartitions | undefined
  #partitions: SpilledPartitions | undefined
  #mode: Mode = 'FITS'

  /**
   * @param table empty
   * @param createPartitions undefined: what does not fit is an error
   */
  constructor(table: AggregationTable, createPartitions: () => SpilledPartitions | undefined) {
    assert(table.size === 0, 'a pass begins with an empty table')
    this.#table = table
    this.#createPartitions = createPartitions
  }

  /** What did not fit; undefined: all did. */
  get partitions(): SpilledPartitions | undefined {
    return this.#partitions
  }

  /** No more keys are taken into the table. */
  get isFull(): boolean {
    return this.#mode === 'FULL'
  }

  /** An element of a key that is not in the table, whose object is the pass's own. @throws ManagedMemoryExceededError */
  insertElement(key: unknown, value: unknown): void {
    if (!this.#tryInsert(key, value)) this.#partitions!.addElement(key, value)
  }

  /** What elements of a key that is not in the table came to. @throws ManagedMemoryExceededError */
  insertResult(key: unknown, value: unknown): void {
    if (!this.#tryInsert(key, value)) this.#partitions!.addResult(key, value)
  }

  /** For an element of a key that is not in the table, when the pass is full; written at once. */
  defer(key: unknown, value: unknown): void {
    this.#partitions!.addElement(key, value)
  }

  /** The values in the table have outgrown its memory. @throws ManagedMemoryExceededError */
  outgrown(): void {
    this.#partitions ??= this.#createPartitions()
    if (this.#partitions === undefined) {
      this.#table.requireMemory()
      return
    }
    this.#mode = 'COMBINING'
    this.#partitions.takeFrom(this.#table)
  }

  /** No more elements come: values that are not whole leave the table. */
  end(): void {
    if (this.#mode === 'COMBINING') this.#partitions!.takeFrom(this.#table)
  }

  #tryInsert(key: unknown, value: unknown): boolean {
    if (this.#mode === 'FULL') return false
    const table = this.#table
    if (table.tryInsert(key, value) !== undefined) return true
    // Else nothing could make room for it.
    if (table.size > 0) this.#partitions ??= this.#createPartitions()
    if (table.size === 0 || this.#partitions === undefined) {
      table.insert(key, value)
      return true
    }
    if (this.#mode === 'FITS') {
      this.#mode = 'FULL'
      return false
    }
    this.#partitions.takeFrom(table)
    table.insert(key, value)
    return true
  }
}
