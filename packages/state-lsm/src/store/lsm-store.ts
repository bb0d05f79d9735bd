import assert from 'node:assert/strict'
import { BackgroundCompaction } from './background-compaction.js'
import { BlockCache } from './block-cache.js'
import type { IsExpired } from './compaction.js'
import { type Cursor, NO_BYTES, TOMBSTONE } from './cursor.js'
import { Levels, leveledTable } from './levels.js'
import { LiveCursor } from './live-cursor.js'
import { type MemoryPlan, memoryOf } from './memory-plan.js'
import { Memtable } from './memtable.js'
import { MergingCursor } from './merging-cursor.js'
import { NewTables } from './new-tables.js'
import { StoreView } from './store-view.js'
import type { Table } from './table.js'
import { tableCursors } from './table-cursors.js'
import { TableFactory } from './table-factory.js'
import type { TableFiles } from './table-files.js'

/** Bytes written after which a piece of the work in the background is done. */
const WORK_EVERY_BYTES = 8 * 1024

export interface LsmStoreOptions {
  readonly files: TableFiles
  /** Both included; a key of the store begins with its key group. */
  readonly firstKeyGroup: number
  readonly lastKeyGroup: number
  /** For all memory that grows with the state: new writes, blocks, indexes, filters. */
  readonly memoryBytes: number
  /** Entries that merging may leave out. */
  readonly isExpired?: IsExpired
  /** In place of what follows from `memoryBytes`: small sizes make tests thorough. @internal */
  readonly plan?: MemoryPlan
}

/**
 * A sorted store of bytes on disk (a log-structured merge tree) for one thread: synchronous, without threads of its own, in a fixed amount of memory.
 * Writes go to a {@link Memtable}; when it is full it is written to a table of level 0 and tables are merged, a piece with each write. There is
 * no log: what was written since the last checkpoint is lost with the process, as the state on a heap is.
 */
export class LsmStore {
  readonly #options: LsmStoreOptions
  readonly #tables: TableFactory
  readonly #levels: Levels
  readonly #compaction: BackgroundCompaction
  readonly #memtableBytes: number
  #active: Memtable
  /** Oldest first; each is being written, or will be. */
  readonly #frozen: Memtable[] = []
  readonly #spare: Memtable[] = []
  #flush: Generator<number, void> | undefined
  /** Views that wait for tables of memtables that were frozen for them. */
  readonly #waiting = new Set<StoreView>()
  #credit = 0
  #isClosed = false
  /** Bytes of tables written so far from memory. */
  flushedBytes = 0
  /** Where {@link get} found the value; valid until the next call. */
  valueBytes: Buffer = NO_BYTES
  valueStart = 0
  valueLength = 0

  constructor(options: LsmStoreOptions) {
    this.#options = options
    const memory = options.plan ?? memoryOf(options.memoryBytes)
    this.#memtableBytes = memory.memtableBytes
    this.#tables = new TableFactory(options.files, new BlockCache(memory.cacheBytes))
    this.#levels = new Levels(memory.level1Bytes)
    this.#compaction = new BackgroundCompaction({
      firstKeyGroup: options.firstKeyGroup,
      lastKeyGroup: options.lastKeyGroup,
      levels: this.#levels,
      maker: this.#tables,
      tableBytes: memory.tableBytes,
      isExpired: options.isExpired,
    })
    this.#active = new Memtable(memory.memtableBytes)
  }

  /** Bytes of all tables. */
  get sizeBytes(): number {
    let bytes = 0
    for (const { table } of this.#levels.all()) bytes += table.summary.sizeBytes
    return bytes
  }

  get levels(): Levels {
    return this.#levels
  }

  /** Bytes of tables written so far by merging. */
  get compactedBytes(): number {
    return this.#compaction.writtenBytes
  }

  /** Reads the value of a key. @returns whether it has one */
  get(hash: number, key: Buffer, keyLength: number): boolean {
    if (this.#active.find(hash, key, keyLength)) return this.#foundIn(this.#active)
    for (let i = this.#frozen.length - 1; i >= 0; i--) {
      const memtable = this.#frozen[i]!
      if (memtable.find(hash, key, keyLength)) return this.#foundIn(memtable)
    }
    const keyGroup = (key[0]! << 8) | key[1]!
    for (const { table, firstKeyGroup, lastKeyGroup } of this.#levels.level(0)) {
      if (keyGroup < firstKeyGroup || keyGroup > lastKeyGroup) continue
      if (table.find(hash, key, keyLength)) return this.#foundInTable(table)
    }
    for (let level = 1; level < this.#levels.depth; level++) {
      const table = this.#levels.find(level, key, keyLength)
      if (table?.find(hash, key, keyLength)) return this.#foundInTable(table)
    }
    return false
  }

  #foundIn(memtable: Memtable): boolean {
    this.valueBytes = memtable.data
    this.valueStart = memtable.valueStart
    this.valueLength = memtable.valueLength
    return memtable.valueLength !== TOMBSTONE
  }

  #foundInTable(table: Table): boolean {
    this.valueBytes = table.bytes
    this.valueStart = table.valueStart
    this.valueLength = table.valueLength
    return table.valueLength !== TOMBSTONE
  }

  /** Sets the value of a key. @param prefixHash see {@link Memtable.put} */
  put(
    hash: number,
    prefixHash: number,
    key: Buffer,
    keyLength: number,
    value: Buffer,
    valueStart: number,
    valueLength: number,
  ): void {
    assert(!this.#isClosed, 'the store is open')
    const put = () =>
      this.#active.put(hash, prefixHash, key, keyLength, value, valueStart, valueLength)
    if (!put()) {
      this.#makeRoom(keyLength + valueLength)
      const isPut = put()
      assert(isPut, 'there is room for the entry')
    }
    this.#credit += keyLength + valueLength + 16
    if (this.#credit >= WORK_EVERY_BYTES) this.#work()
  }

  remove(hash: number, prefixHash: number, key: Buffer, keyLength: number): void {
    this.put(hash, prefixHash, key, keyLength, NO_BYTES, 0, TOMBSTONE)
  }

  /** Entries whose keys begin with `prefix` and are longer, in order, removed ones left out. To be closed before the next write. */
  cursorOfPrefix(prefixHash: number, prefix: Buffer, length: number): Cursor {
    const from = Buffer.from(prefix.subarray(0, length))
    const cursors = [this.#active.cursorOfPrefix(prefixHash, from, length)]
    for (let i = this.#frozen.length - 1; i >= 0; i--) {
      cursors.push(this.#frozen[i]!.cursorOfPrefix(prefixHash, from, length))
    }
    cursors.push(...tableCursors(this.#levels.ofPrefix(from), { isLong: false, from }))
    return new LiveCursor(new MergingCursor(cursors), from)
  }

  /** All entries as they are now, for a time; records may be written meanwhile. To be released. */
  view(): StoreView {
    this.#freeze()
    return this.#view()
  }

  #view(): StoreView {
    const view = new StoreView({
      memtables: this.#frozen,
      tables: [...this.#levels.all()],
      firstKeyGroup: this.#options.firstKeyGroup,
      lastKeyGroup: this.#options.lastKeyGroup,
      onRelease: () => {
        this.#waiting.delete(view)
        this.#giveBackMemtables(view)
      },
    })
    if (this.#frozen.length > 0) this.#waiting.add(view)
    return view
  }

  #giveBackMemtables(view: StoreView): void {
    for (const memtable of view.takeMemtables()) this.#recycle(memtable)
  }

  /** Adds a table that was restored, while nothing was written. Takes it over. Of level 0, older ones first. */
  addRestored(
    table: Table,
    level: number,
    range: { readonly firstKeyGroup: number; readonly lastKeyGroup: number },
  ): void {
    const leveled = leveledTable(table, level, range)
    if (leveled === undefined) table.release()
    else this.#levels.add(leveled)
  }

  /** A table over a file that is there. */
  tableOf(name: string, summary: Table['summary']): Table {
    return this.#tables.open(name, summary)
  }

  /** Writes tables of what a view waits for, about `bytes` of it. @returns whether all is written */
  flushFor(view: StoreView, bytes: number): boolean {
    for (let left = bytes; left > 0 && this.#waiting.has(view); ) left -= this.#flushStep()
    return !this.#waiting.has(view)
  }

  /** Does the work in the background until there is none, or for so many bytes. @returns whether there is none */
  settle(bytes = Number.POSITIVE_INFINITY): boolean {
    for (let left = bytes; left > 0; ) {
      const done = this.#frozen.length > 0 ? this.#flushStep() : this.#compaction.step()
      if (done === 0) return true
      left -= done
    }
    return false
  }

  /** Removes all files. Idempotent. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#flush?.return(undefined)
    this.#compaction.close()
    for (const { table } of this.#levels.all()) table.abandon()
    this.#options.files.close()
  }

  #makeRoom(bytes: number): void {
    while (this.#frozen.length > 1) this.#flushStep()
    this.#freeze(bytes)
    // Reads become slow when level 0 grows, and the disk full when merging stays behind: then writes wait for it.
    while (this.#levels.pressure > 3 && this.#compaction.step() > 0);
  }

  #freeze(neededBytes = 0): void {
    if (this.#active.count > 0) {
      this.#active.isFrozen = true
      this.#frozen.push(this.#active)
    } else this.#recycle(this.#active)
    const spare = this.#spare.pop()
    if (neededBytes > this.#memtableBytes) {
      if (spare !== undefined) this.#spare.push(spare)
      this.#active = new Memtable(neededBytes)
    } else this.#active = spare ?? new Memtable(this.#memtableBytes)
  }

  #recycle(memtable: Memtable): void {
    if (!memtable.release() || memtable.capacityBytes !== this.#memtableBytes) return
    if (this.#spare.length >= 2) return
    memtable.reset()
    this.#spare.push(memtable)
  }

  #work(): void {
    const written = this.#credit
    this.#credit = 0
    if (this.#frozen.length > 0) {
      const room = Math.max(1, this.#memtableBytes - this.#active.usedBytes)
      const pending = this.#frozen.length * this.#memtableBytes
      const due = Math.min(written * 32, written * Math.max(2, (2 * pending) / room))
      for (let left = due; left > 0 && this.#frozen.length > 0; ) left -= this.#flushStep()
      return
    }
    if (!this.#compaction.isUnderWay && this.#levels.pressure < 1) return
    const { pressure } = this.#levels
    const factor = pressure < 1.5 ? 12 : pressure < 2 ? 24 : 48
    for (let left = written * factor; left > 0; ) {
      const done = this.#compaction.step()
      if (done === 0) return
      left -= done
    }
  }

  #flushStep(): number {
    this.#flush ??= this.#flushOldest()
    const { done, value } = this.#flush.next()
    if (done === true) {
      this.#flush = undefined
      return 1
    }
    return Math.max(1, value)
  }

  *#flushOldest(): Generator<number, void> {
    const memtable = this.#frozen[0]!
    const { firstKeyGroup, lastKeyGroup } = this.#options
    const output = new NewTables(this.#tables, Number.POSITIVE_INFINITY)
    const cursor = memtable.cursor(firstKeyGroup, lastKeyGroup)
    let isDone = false
    try {
      let [bytes, entries] = [0, 0]
      for (; cursor.isValid; cursor.next()) {
        const { keyBytes, keyStart, keyLength, valueStart, valueLength } = cursor
        output.add(keyBytes, keyStart, keyLength, keyBytes, valueStart, valueLength)
        bytes += keyLength + (valueLength > 0 ? valueLength : 0) + 16
        if ((++entries & 63) === 0) {
          yield bytes
          bytes = 0
        }
      }
      output.finish()
      isDone = true
    } finally {
      cursor.close()
      if (!isDone) output.abort()
    }
    const made = output.placedAt(0, this.#options)
    for (const table of made) this.#levels.add(table)
    this.flushedBytes += output.sizeBytes
    this.#frozen.shift()
    for (const view of this.#waiting) {
      if (!view.tablesOf(memtable, made)) continue
      this.#waiting.delete(view)
      this.#giveBackMemtables(view)
    }
    this.#recycle(memtable)
  }
}
