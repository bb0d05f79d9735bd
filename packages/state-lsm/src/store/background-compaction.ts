import { compact, type IsExpired } from './compaction.js'
import type { CompactionPlan, Levels } from './levels.js'
import { NewTables, type TableMaker } from './new-tables.js'

export interface BackgroundCompactionOptions {
  readonly levels: Levels
  readonly maker: TableMaker
  readonly firstKeyGroup: number
  readonly lastKeyGroup: number
  /** Of a table of level 1 and below. */
  readonly tableBytes: number
  readonly isExpired: IsExpired | undefined
}

/** Merges the tables of a store as its levels need it, one merge at a time and a piece of it with each step. */
export class BackgroundCompaction {
  readonly #options: BackgroundCompactionOptions
  #underWay: Generator<number, void> | undefined
  /** Bytes of the tables that were made so far. */
  writtenBytes = 0

  constructor(options: BackgroundCompactionOptions) {
    this.#options = options
  }

  get isUnderWay(): boolean {
    return this.#underWay !== undefined
  }

  /** @returns about how many bytes it has read; 0: there is nothing to do */
  step(): number {
    if (this.#underWay === undefined) {
      const plan = this.#options.levels.plan()
      if (plan === undefined) return 0
      this.#underWay = this.#compact(plan)
    }
    const { done, value } = this.#underWay.next()
    if (done === true) {
      this.#underWay = undefined
      return 1
    }
    return Math.max(1, value)
  }

  /** Takes back what is not complete. */
  close(): void {
    this.#underWay?.return(undefined)
  }

  *#compact(plan: CompactionPlan): Generator<number, void> {
    const { levels, maker, tableBytes, isExpired } = this.#options
    const { upper, lower, targetLevel } = plan
    const size = targetLevel === 0 ? Number.POSITIVE_INFINITY : tableBytes
    const output = new NewTables(maker, size)
    let isDone = false
    try {
      yield* compact(plan, output, isExpired)
      isDone = true
    } finally {
      if (!isDone) output.abort()
    }
    const made = output.placedAt(targetLevel, this.#options)
    const level0 = levels.level(0)
    const newer = level0[level0.indexOf(upper[0]!) - 1]
    levels.remove([...upper, ...lower])
    for (const table of made) levels.add(table, newer)
    this.writtenBytes += output.sizeBytes
    for (const { table } of [...upper, ...lower]) table.release()
  }
}
