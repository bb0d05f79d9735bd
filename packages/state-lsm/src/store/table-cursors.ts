import type { Cursor } from './cursor.js'
import { LevelCursor } from './level-cursor.js'
import type { LeveledTable } from './levels.js'
import { TableCursor } from './table-cursor.js'

/** Cursors over tables, newest entries first. @param tables of level 0 the newest first, of others in order */
export function tableCursors(
  tables: readonly LeveledTable[],
  options: { readonly from?: Buffer; readonly isLong: boolean },
): Cursor[] {
  const cursors: Cursor[] = []
  const levels = new Map<number, LeveledTable[]>()
  for (const table of tables) {
    if (table.level === 0) {
      const { firstKeyGroup, lastKeyGroup } = table
      cursors.push(new TableCursor(table.table, { firstKeyGroup, lastKeyGroup, ...options }))
      continue
    }
    const level = levels.get(table.level) ?? []
    level.push(table)
    levels.set(table.level, level)
  }
  for (const [, level] of [...levels].sort(([a], [b]) => a - b)) {
    cursors.push(new LevelCursor(level, options))
  }
  return cursors
}
