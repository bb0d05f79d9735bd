import assert from 'node:assert/strict'
import { type LeveledTable, leveledTable } from './levels.js'
import type { Table } from './table.js'
import type { TableWriter } from './table-writer.js'

/** A table that is being written: `finish` makes it, `abort` removes its file. */
export interface NewTable {
  readonly writer: TableWriter
  finish(): Table
  abort(): void
}

/** Where new tables come from. */
export interface TableMaker {
  create(): NewTable
}

/** Tables made from entries in order, a new one when one has become large enough. */
export class NewTables {
  readonly #tables: Table[] = []
  readonly #maker: TableMaker
  readonly #tableBytes: number
  #open: NewTable | undefined

  constructor(maker: TableMaker, tableBytes: number) {
    this.#maker = maker
    this.#tableBytes = tableBytes
  }

  /** Of those that are finished. */
  get sizeBytes(): number {
    let bytes = 0
    for (const { summary } of this.#tables) bytes += summary.sizeBytes
    return bytes
  }

  /** Those that are finished, as tables of a level of a store with this range, which their keys belong to. */
  placedAt(
    level: number,
    range: { readonly firstKeyGroup: number; readonly lastKeyGroup: number },
  ): LeveledTable[] {
    return this.#tables.map((table) => {
      const leveled = leveledTable(table, level, range)
      assert(leveled !== undefined, 'what was written belongs to this range of key groups')
      return leveled
    })
  }

  add(
    key: Buffer,
    keyStart: number,
    keyLength: number,
    value: Buffer,
    valueStart: number,
    valueLength: number,
  ): void {
    this.#open ??= this.#maker.create()
    const { writer } = this.#open
    writer.add(key, keyStart, keyLength, value, valueStart, valueLength)
    if (writer.sizeBytes >= this.#tableBytes) this.finish()
  }

  finish(): void {
    if (this.#open === undefined) return
    const open = this.#open
    this.#open = undefined
    this.#tables.push(open.finish())
  }

  /** Removes what was made. */
  abort(): void {
    this.#open?.abort()
    this.#open = undefined
    for (const table of this.#tables) table.release()
    this.#tables.length = 0
  }
}
