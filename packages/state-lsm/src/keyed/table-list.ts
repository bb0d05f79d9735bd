import type { LeveledTable } from '../store/levels.js'
import type { TableSummary } from '../store/table-format.js'

export const BACKEND_NAME = 'lsm'

/** A table of a checkpoint, as the snapshot's description names it. Levels from 1 on are older than those before; of level 0 the newest come first. */
export interface StoredTable {
  /** Of the shared file. */
  readonly key: string
  readonly level: number
  /** Both included; entries of other key groups do not count. */
  readonly firstKeyGroup: number
  readonly lastKeyGroup: number
  readonly sizeBytes: number
  readonly entries: number
  /** Hexadecimal. */
  readonly smallestKey: string
  readonly largestKey: string
}

export interface TableList {
  readonly tables: readonly StoredTable[]
}

export function storedTable(
  { table, level, firstKeyGroup, lastKeyGroup }: LeveledTable,
  key: string,
): StoredTable {
  const { sizeBytes, entries, smallestKey, largestKey } = table.summary
  return {
    key,
    level,
    firstKeyGroup,
    lastKeyGroup,
    sizeBytes,
    entries,
    smallestKey: smallestKey.toString('hex'),
    largestKey: largestKey.toString('hex'),
  }
}

export function summaryOf({
  sizeBytes,
  entries,
  smallestKey,
  largestKey,
}: StoredTable): TableSummary {
  return {
    sizeBytes,
    entries,
    smallestKey: Buffer.from(smallestKey, 'hex'),
    largestKey: Buffer.from(largestKey, 'hex'),
  }
}

/** @throws TypeError if it is not what this backend wrote */
export function parseTableList(data: unknown): TableList {
  const { tables } = (data ?? {}) as Partial<TableList>
  const isTable = (table: Partial<StoredTable> | null) =>
    typeof table?.key === 'string' &&
    typeof table.smallestKey === 'string' &&
    typeof table.largestKey === 'string' &&
    [table.level, table.firstKeyGroup, table.lastKeyGroup, table.sizeBytes, table.entries].every(
      Number.isInteger,
    )
  if (!Array.isArray(tables) || !tables.every(isTable)) {
    throw new TypeError('the list of tables of an incremental checkpoint cannot be read')
  }
  return { tables }
}
