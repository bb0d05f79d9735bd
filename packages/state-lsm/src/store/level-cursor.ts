import { type Cursor, NO_BYTES } from './cursor.js'
import type { LeveledTable } from './levels.js'
import { TableCursor } from './table-cursor.js'

/** The tables of a level, which follow one another, as one. */
export class LevelCursor implements Cursor {
  isValid = false
  keyBytes: Buffer = NO_BYTES
  keyStart = 0
  keyLength = 0
  valueBytes: Buffer = NO_BYTES
  valueStart = 0
  valueLength = 0
  readonly #tables: readonly LeveledTable[]
  readonly #options: { readonly from?: Buffer; readonly isLong: boolean }
  #next = 0
  #cursor: Cursor | undefined

  /** @param tables in order; held until the cursor is closed */
  constructor(
    tables: readonly LeveledTable[],
    options: { readonly from?: Buffer; readonly isLong: boolean },
  ) {
    this.#tables = tables
    this.#options = options
    for (const { table } of tables) table.retain()
    this.#show()
  }

  next(): void {
    this.#cursor!.next()
    this.#show()
  }

  close(): void {
    this.isValid = false
    this.#cursor?.close()
    this.#cursor = undefined
    for (; this.#next < this.#tables.length; this.#next++) this.#tables[this.#next]!.table.release()
  }

  #show(): void {
    while (this.#cursor?.isValid !== true) {
      this.#cursor?.close()
      this.#cursor = undefined
      const table = this.#tables[this.#next]
      if (table === undefined) {
        this.isValid = false
        return
      }
      this.#next++
      const { firstKeyGroup, lastKeyGroup } = table
      this.#cursor = new TableCursor(table.table, {
        firstKeyGroup,
        lastKeyGroup,
        ...this.#options,
      })
      table.table.release()
    }
    const cursor = this.#cursor
    this.isValid = true
    this.keyBytes = cursor.keyBytes
    this.keyStart = cursor.keyStart
    this.keyLength = cursor.keyLength
    this.valueBytes = cursor.valueBytes
    this.valueStart = cursor.valueStart
    this.valueLength = cursor.valueLength
  }
}
