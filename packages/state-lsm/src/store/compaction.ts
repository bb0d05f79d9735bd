import { type Cursor, TOMBSTONE } from './cursor.js'
import { LevelCursor } from './level-cursor.js'
import type { CompactionPlan, LeveledTable } from './levels.js'
import { MergingCursor } from './merging-cursor.js'
import type { NewTables } from './new-tables.js'
import { TableCursor } from './table-cursor.js'

/** Says of an entry that nobody will ask for it any more. */
export type IsExpired = (entry: Cursor) => boolean

/**
 * Merges tables into new ones, a piece at a time: each step answers about how many bytes it has read. What it made is
 * in `output` when it is done; `output.abort()` takes it back.
 */
export function* compact(
  plan: CompactionPlan,
  output: NewTables,
  isExpired: IsExpired | undefined,
): Generator<number, void> {
  const cursor = new MergingCursor(cursorsOf(plan))
  try {
    let [bytes, entries] = [0, 0]
    for (; cursor.isValid; cursor.next()) {
      const { keyBytes, keyStart, keyLength, valueBytes, valueStart, valueLength } = cursor
      bytes += keyLength + (valueLength > 0 ? valueLength : 0) + 16
      const isRemoved = valueLength === TOMBSTONE || isExpired?.(cursor) === true
      if (isRemoved && !plan.isLowest) {
        output.add(keyBytes, keyStart, keyLength, valueBytes, valueStart, TOMBSTONE)
      } else if (!isRemoved) {
        output.add(keyBytes, keyStart, keyLength, valueBytes, valueStart, valueLength)
      }
      if ((++entries & 63) === 0) {
        yield bytes
        bytes = 0
      }
    }
    output.finish()
  } finally {
    cursor.close()
  }
}

function cursorsOf({ upper, lower }: CompactionPlan): Cursor[] {
  const isLong = true
  const newest = upper[0]!.level === 0 ? upper.map((table) => cursorOf(table)) : []
  if (upper[0]!.level > 0) newest.push(new LevelCursor(upper, { isLong }))
  return lower.length > 0 ? [...newest, new LevelCursor(lower, { isLong })] : newest
}

function cursorOf({ table, firstKeyGroup, lastKeyGroup }: LeveledTable): Cursor {
  return new TableCursor(table, { firstKeyGroup, lastKeyGroup, isLong: true })
}
