import type { Table } from './table.js'
import type { TableWriter } from './table-writer.js'

/** Where new tables come from. */
export interface TableMaker {
  /** @returns a writer and what makes a table of it, or removes its file */
  create(): {
    readonly writer: TableWriter
    finish(): Table
    abort(): void
  }
}

/** Tables made from entries in order, a new one when one has become large enough. */
export class NewTables {
  readonly tables: Table[] = []
  readonly #maker: TableMaker
  readonly #tableBytes: number
  #open: ReturnType<TableMaker['create']> | undefined

  constructor(maker: TableMaker, tableBytes: number) {
    this.#maker = maker
    this.#tableBytes = tableBytes
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
    this.tables.push(open.finish())
  }

  /** Removes what was made. */
  abort(): void {
    this.#open?.abort()
    this.#open = undefined
    for (const table of this.tables) table.release()
    this.tables.length = 0
  }
}
