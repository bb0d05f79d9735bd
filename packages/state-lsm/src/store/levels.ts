import { compareBytes, keyGroupOf } from './bytes.js'
import type { Table } from './table.js'

/** Tables of level 0 of about one size before they are merged. */
const LEVEL_0_TABLES = 8
/** Tables of level 0 before they are merged into level 1 though they are small beside it. */
const MOST_LEVEL_0_TABLES = 16
/** Each level is so many times as large as the one before. */
const LEVEL_RATIO = 8

/** A table and what of it counts: after a change of the parallelism others have its other key groups. */
export interface LeveledTable {
  readonly table: Table
  readonly level: number
  /** Both included. */
  readonly firstKeyGroup: number
  readonly lastKeyGroup: number
  /** No key that counts lies outside of these bounds. */
  readonly lower: Buffer
  readonly upper: Buffer
}

/** @returns undefined: nothing of the table counts */
export function leveledTable(
  table: Table,
  level: number,
  range: { readonly firstKeyGroup: number; readonly lastKeyGroup: number },
): LeveledTable | undefined {
  const { smallestKey, largestKey } = table.summary
  const first = keyGroupOf(smallestKey, 0)
  const last = keyGroupOf(largestKey, 0)
  const { firstKeyGroup, lastKeyGroup } = range
  if (last < firstKeyGroup || first > lastKeyGroup) return undefined
  const lower = first >= firstKeyGroup ? smallestKey : startOf(firstKeyGroup)
  const upper = last <= lastKeyGroup ? largestKey : startOf(lastKeyGroup + 1)
  return { table, level, firstKeyGroup, lastKeyGroup, lower, upper }
}

function startOf(keyGroup: number): Buffer {
  return Buffer.of(keyGroup >>> 8, keyGroup & 0xff)
}

/** What is to be merged: tables of a level and those of the next one that they meet. */
export interface CompactionPlan {
  readonly upper: readonly LeveledTable[]
  readonly lower: readonly LeveledTable[]
  readonly targetLevel: number
  /** No deeper level has entries in this range: there is nothing that entries which say that a key is removed would hide. */
  readonly isLowest: boolean
}

/**
 * Which tables there are. Those of level 0 may overlap, the newest first; those of each other level do not and are in order, and are
 * older than all of the levels before.
 */
export class Levels {
  readonly #levels: LeveledTable[][] = [[]]
  /** Of each level, the table behind which the next compaction begins. */
  readonly #turn: Buffer[] = []
  readonly #level1Bytes: number

  /** @param level1Bytes how large level 1 may become */
  constructor(level1Bytes: number) {
    this.#level1Bytes = level1Bytes
  }

  get depth(): number {
    return this.#levels.length
  }

  level(number: number): readonly LeveledTable[] {
    return this.#levels[number] ?? []
  }

  *all(): Generator<LeveledTable> {
    for (const level of this.#levels) yield* level
  }

  /**
   * Adds a table in front of level 0, or in its place in another one. The levels hold it from here on.
   *
   * @param olderThan of level 0: the table behind which it belongs
   */
  add(table: LeveledTable, olderThan?: LeveledTable): void {
    while (this.#levels.length <= table.level) this.#levels.push([])
    const level = this.#levels[table.level]!
    if (table.level === 0) {
      level.splice(olderThan === undefined ? 0 : level.indexOf(olderThan) + 1, 0, table)
      return
    }
    const at = level.findIndex((other) => compareKeys(other.lower, table.lower) > 0)
    if (at < 0) level.push(table)
    else level.splice(at, 0, table)
  }

  remove(tables: readonly LeveledTable[]): void {
    const removed = new Set(tables)
    for (let i = 0; i < this.#levels.length; i++) {
      this.#levels[i] = this.#levels[i]!.filter((table) => !removed.has(table))
    }
  }

  /** The only table of a level above 0 that may have this key. */
  find(level: number, key: Buffer, length: number): Table | undefined {
    const found = this.#levels[level]![this.#firstNotBelow(level, key, length)]
    if (found === undefined) return undefined
    const { lower } = found
    return compareBytes(lower, 0, lower.length, key, 0, length) <= 0 ? found.table : undefined
  }

  /** The tables that may have keys that begin with `prefix`; of level 0 the newest first. */
  ofPrefix(prefix: Buffer): LeveledTable[] {
    const keyGroup = keyGroupOf(prefix, 0)
    const found = this.#levels[0]!.filter((table) => isNear(table, prefix, keyGroup))
    for (let level = 1; level < this.#levels.length; level++) {
      const tables = this.#levels[level]!
      for (let i = this.#firstNotBelow(level, prefix); i < tables.length; i++) {
        if (!isNear(tables[i]!, prefix, keyGroup)) break
        found.push(tables[i]!)
      }
    }
    return found
  }

  #firstNotBelow(level: number, key: Buffer, length = key.length): number {
    const tables = this.#levels[level]!
    let [low, high] = [0, tables.length - 1]
    while (low <= high) {
      const middle = (low + high) >>> 1
      const { upper } = tables[middle]!
      if (compareBytes(upper, 0, upper.length, key, 0, length) < 0) low = middle + 1
      else high = middle - 1
    }
    return low
  }

  /** How urgent a compaction is; from 1 on one is due. */
  get pressure(): number {
    let most = 0
    for (let i = 0; i < this.#levels.length; i++) most = Math.max(most, this.#scoreOf(i))
    return most
  }

  /** The compaction that is most urgent; undefined: none is due. */
  plan(): CompactionPlan | undefined {
    const small = this.#smallTables()
    if (small.length >= LEVEL_0_TABLES && !this.#isLevel0Large()) {
      return { upper: small, lower: [], targetLevel: 0, isLowest: false }
    }
    let [chosen, most] = [-1, 1]
    for (let i = 0; i < this.#levels.length; i++) {
      const score = this.#scoreOf(i)
      if (score >= most && (chosen < 0 || score > most)) [chosen, most] = [i, score]
    }
    if (chosen < 0) return undefined
    const upper = chosen === 0 ? [...this.#levels[0]!] : [this.#nextOf(chosen)]
    const targetLevel = chosen + 1
    const [from, to] = boundsOf(upper)
    const lower = this.#overlapping(targetLevel, from, to)
    const [start, end] = boundsOf([...upper, ...lower])
    let isLowest = true
    for (let i = targetLevel + 1; i < this.#levels.length; i++) {
      if (this.#overlapping(i, start, end).length > 0) isLowest = false
    }
    return { upper, lower, targetLevel, isLowest }
  }

  /** The newest tables of level 0, as many as are of about one size. Frequent checkpoints make many small ones. */
  #smallTables(): LeveledTable[] {
    const small: LeveledTable[] = []
    let bytes = 0
    for (const table of this.#levels[0]!) {
      const { sizeBytes } = table.table.summary
      if (small.length > 0 && sizeBytes > 2 * bytes) break
      small.push(table)
      bytes += sizeBytes
    }
    return small
  }

  /** Merging level 0 into level 1 rewrites level 1: worth it only when much comes together. */
  #isLevel0Large(): boolean {
    return bytesOf(this.#levels[0]!) * 4 >= Math.max(bytesOf(this.level(1)), this.#level1Bytes / 2)
  }

  #scoreOf(level: number): number {
    const tables = this.#levels[level]!
    if (level > 0) {
      return bytesOf(tables) / (this.#level1Bytes * LEVEL_RATIO ** (level - 1)) - 1e-9
    }
    const most = this.#isLevel0Large() ? LEVEL_0_TABLES : MOST_LEVEL_0_TABLES
    return tables.length / most
  }

  #nextOf(level: number): LeveledTable {
    const tables = this.#levels[level]!
    const turn = this.#turn[level]
    const next =
      (turn === undefined ? undefined : tables.find(({ lower }) => compareKeys(lower, turn) > 0)) ??
      tables[0]!
    this.#turn[level] = next.lower
    return next
  }

  #overlapping(level: number, from: Buffer, to: Buffer): LeveledTable[] {
    return this.level(level).filter(
      ({ lower, upper }) => compareKeys(upper, from) >= 0 && compareKeys(lower, to) <= 0,
    )
  }
}

function isNear(table: LeveledTable, prefix: Buffer, keyGroup: number): boolean {
  const { firstKeyGroup, lastKeyGroup, lower, upper } = table
  if (keyGroup < firstKeyGroup || keyGroup > lastKeyGroup) return false
  if (compareKeys(upper, prefix) < 0) return false
  return compareKeys(lower.subarray(0, prefix.length), prefix) <= 0
}

function bytesOf(tables: readonly LeveledTable[]): number {
  let bytes = 0
  for (const { table } of tables) bytes += table.summary.sizeBytes
  return bytes
}

function boundsOf(tables: readonly LeveledTable[]): [from: Buffer, to: Buffer] {
  let from = tables[0]!.lower
  let to = tables[0]!.upper
  for (const { lower, upper } of tables) {
    if (compareKeys(lower, from) < 0) from = lower
    if (compareKeys(upper, to) > 0) to = upper
  }
  return [from, to]
}

function compareKeys(a: Buffer, b: Buffer): number {
  return compareBytes(a, 0, a.length, b, 0, b.length)
}
