import type { Cursor } from './cursor.js'
import type { LeveledTable } from './levels.js'
import { LiveCursor } from './live-cursor.js'
import type { Memtable } from './memtable.js'
import { MergingCursor } from './merging-cursor.js'
import { tableCursors } from './table-cursors.js'

/** The entries of a store as they were at one moment. Holds memory and files until it is released. */
export class StoreView {
  /** Frozen, oldest first; none when all of them are written. */
  #memtables: readonly Memtable[]
  readonly #tables: LeveledTable[]
  readonly #unwritten: Set<Memtable>
  readonly #range: { readonly firstKeyGroup: number; readonly lastKeyGroup: number }
  readonly #onRelease: () => void
  #isReleased = false
  /** Made of the memtables since: the same entries, not to be shown twice. */
  readonly #written: LeveledTable[] = []

  constructor(options: {
    readonly memtables: readonly Memtable[]
    readonly tables: readonly LeveledTable[]
    readonly firstKeyGroup: number
    readonly lastKeyGroup: number
    readonly onRelease: () => void
  }) {
    this.#memtables = options.memtables.map((memtable) => memtable.retain())
    this.#tables = [...options.tables]
    for (const { table } of this.#tables) table.retain()
    this.#unwritten = new Set(this.#memtables)
    this.#range = options
    this.#onRelease = options.onRelease
  }

  /** Of level 0 the newest first. Complete when all that was in memory is written; see `LsmStore.flushFor`. */
  get tables(): readonly LeveledTable[] {
    return [...this.#written.toReversed(), ...this.#tables]
  }

  /** Gives up the memtables, which the caller releases. */
  takeMemtables(): readonly Memtable[] {
    const memtables = this.#memtables
    this.#memtables = []
    return memtables
  }

  /** Told which tables were made of a memtable. @returns whether it waits for no more */
  tablesOf(memtable: Memtable, tables: readonly LeveledTable[]): boolean {
    if (this.#unwritten.delete(memtable)) {
      for (const table of tables) {
        table.table.retain()
        this.#written.push(table)
      }
    }
    return this.#unwritten.size === 0
  }

  /** All entries of these key groups (default: all) in order, removed ones left out. */
  cursor(range = this.#range): Cursor {
    const { firstKeyGroup, lastKeyGroup } = range
    const cursors: Cursor[] = this.#memtables.map((memtable) =>
      memtable.cursor(firstKeyGroup, lastKeyGroup),
    )
    cursors.reverse()
    const tables = this.#memtables.length === 0 ? this.tables : this.#tables
    const inRange = tables.flatMap((table) => {
      const first = Math.max(firstKeyGroup, table.firstKeyGroup)
      const last = Math.min(lastKeyGroup, table.lastKeyGroup)
      return first > last ? [] : { ...table, firstKeyGroup: first, lastKeyGroup: last }
    })
    cursors.push(...tableCursors(inRange, { isLong: true }))
    return new LiveCursor(new MergingCursor(cursors))
  }

  /** Idempotent. */
  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    for (const { table } of this.tables) table.release()
    this.#onRelease()
  }
}
