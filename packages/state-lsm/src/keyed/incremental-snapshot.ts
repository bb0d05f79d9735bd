import assert from 'node:assert/strict'
import type { SharedState, SnapshotSummary, SnapshotWriter, StateStreams } from '@flink-ts/state'
import type { LsmStore } from '../store/lsm-store.js'
import type { StoreView } from '../store/store-view.js'
import type { Table } from '../store/table.js'
import type { SharedTables } from './shared-tables.js'
import { FLUSH_BYTES, SlicedSnapshot } from './sliced-snapshot.js'
import { type StoredTable, storedTable } from './table-list.js'

/** Of a table, bytes that are uploaded at once. */
const UPLOAD_BYTES = 1024 * 1024
/** Tables that are uploaded at a time. */
const UPLOADS = 3

/** A snapshot that consists of the store's tables: only those that no completed checkpoint has are stored. */
export class IncrementalSnapshot extends SlicedSnapshot {
  #writer: SnapshotWriter | undefined
  readonly #keys = new Map<Table, string>()
  readonly #store: LsmStore
  readonly #view: StoreView
  readonly #shared: SharedTables
  readonly #pathOf: (name: string) => string | undefined
  readonly #createWriter: (tables: readonly StoredTable[]) => SnapshotWriter

  constructor(
    options: ConstructorParameters<typeof SlicedSnapshot>[0] & {
      readonly store: LsmStore
      readonly view: StoreView
      readonly shared: SharedTables
      /** See `TableFiles.pathOf`. */
      readonly pathOf: (name: string) => string | undefined
      readonly createWriter: (tables: readonly StoredTable[]) => SnapshotWriter
    },
  ) {
    super(options)
    this.#store = options.store
    this.#view = options.view
    this.#shared = options.shared
    this.#pathOf = options.pathOf
    this.#createWriter = options.createWriter
  }

  protected get writer(): SnapshotWriter | undefined {
    return this.#writer
  }

  protected *write(): Generator<void, void> {
    while (!this.#store.flushFor(this.#view, FLUSH_BYTES)) yield
    // A savepoint may begin before the tables are stored: from then on restored ones have other keys.
    for (const { table } of this.#view.tables) this.#keys.set(table, this.#shared.keyOf(table))
    const tables = this.#view.tables.map((table) =>
      storedTable(table, this.#keys.get(table.table)!),
    )
    this.#writer = this.#createWriter(tables)
    yield* this.writeTimers(this.#writer)
  }

  async storeShared(streams: StateStreams): Promise<readonly SharedState[]> {
    assert(this.#writer !== undefined, 'tables are stored when all is written to them')
    // A table that others have parts of may occur twice, with other key groups.
    const tables = [...new Set(this.#view.tables.map(({ table }) => table))]
    const stored: SharedState[] = new Array<SharedState>(tables.length)
    let next = 0
    const work = async (): Promise<void> => {
      while (next < tables.length) {
        const number = next++
        const table = tables[number]!
        const key = this.#keys.get(table)!
        const isStored = this.#shared.isStored(key)
        stored[number] = isStored ? { key } : { key, handle: await upload(table, streams) }
        const path = this.#pathOf(table.name)
        if (path !== undefined) await streams.keepShared(key, path)
      }
    }
    const results = await Promise.allSettled(Array.from({ length: UPLOADS }, work))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) {
      for (const { handle } of stored.filter((state) => state !== undefined)) {
        if (handle !== undefined) await streams.discard(handle)
      }
      throw failed.reason
    }
    this.#shared.stored(this.checkpointId, stored)
    return stored
  }

  override finish(): SnapshotSummary {
    const summary = super.finish()
    if (this.#view.tables.length === 0) return summary
    // Which groups have entries is not known; that there are some is what matters.
    return { ...summary, keyGroups: [this.keyGroups.start] }
  }

  protected giveBack(): void {
    this.#view.release()
  }
}

async function upload(table: Table, streams: StateStreams) {
  const stream = streams.open('shared')
  try {
    const { sizeBytes } = table.summary
    // Two, since a stream holds on to what was written until the next write has ended.
    const buffers = [Buffer.allocUnsafe(UPLOAD_BYTES), Buffer.allocUnsafe(UPLOAD_BYTES)]
    for (let position = 0, turn = 0; position < sizeBytes; turn ^= 1) {
      const length = Math.min(UPLOAD_BYTES, sizeBytes - position)
      table.reader.read(buffers[turn]!, 0, length, position)
      await stream.write(buffers[turn]!.subarray(0, length))
      position += length
    }
    return await stream.finish()
  } finally {
    // Nothing happens after `finish`.
    await stream.abort()
  }
}
