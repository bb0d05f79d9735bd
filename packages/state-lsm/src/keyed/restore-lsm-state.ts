import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import type { KeyGroupRange, SerializerRegistry } from '@flink-ts/core'
import {
  ForeignStateError,
  type KeyedRestore,
  type KeyedRestorePart,
  type KeyedStateKind,
  SnapshotCorruptError,
  type SnapshotDescription,
  SnapshotReader,
  type StateDescription,
  type StateHandle,
} from '@flink-ts/state'
import type { HeapTimers } from '@flink-ts/state/backend'
import { type LeveledTable, leveledTable } from '../store/levels.js'
import { StoreView } from '../store/store-view.js'
import type { TableFiles, TableFileWriter } from '../store/table-files.js'
import type { LsmKeyContext } from './lsm-key-context.js'
import { addConverted, hasParts, type LsmStateTable } from './lsm-state-table.js'
import type { SharedTables } from './shared-tables.js'
import { storedEntries } from './stored-entries.js'
import { BACKEND_NAME, parseTableList, type StoredTable, summaryOf } from './table-list.js'

/** Of a table, bytes that are downloaded at once. */
const DOWNLOAD_BYTES = 1024 ** 2

export interface RestoreTarget {
  readonly context: LsmKeyContext
  readonly table: LsmStateTable
  readonly timers: HeapTimers
  readonly shared: SharedTables
  readonly files: TableFiles
  readonly maxParallelism: number
  readonly serializers: SerializerRegistry | undefined
}

/** Reads snapshots into a backend: tables of incremental checkpoints become its own, entries of others are written. */
export async function restoreLsmState(source: KeyedRestore, target: RestoreTarget): Promise<void> {
  const { serializers, maxParallelism } = target
  let number = 0
  for (const part of source.parts) {
    const bytes = await source.open(part.handle.snapshot)
    try {
      const reader = await SnapshotReader.open(bytes, 'keyed', serializers && { serializers })
      const { description } = reader
      assert(
        description.keyed?.maxParallelism === maxParallelism,
        `key groups of ${description.keyed?.maxParallelism} in all are not those of ${maxParallelism}`,
      )
      await restoreEntries(reader, part.keyGroups, target)
      if (description.backend === undefined) continue
      const { name } = description.backend
      if (name !== BACKEND_NAME) {
        const { operatorName } = description
        throw new ForeignStateError(operatorName, { writtenBy: name, readBy: BACKEND_NAME })
      }
      await new TableRestore(source, part, target, `r${number++}`).run(description)
    } finally {
      await bytes.close()
    }
  }
}

/** Writes the entries that are in the snapshot's file itself. */
async function restoreEntries(
  reader: SnapshotReader,
  keyGroups: KeyGroupRange,
  { context, table, timers }: RestoreTarget,
): Promise<void> {
  const { states, backend } = reader.description
  const takers = states.map((state) => {
    if (state.kind === 'timer' || backend !== undefined) return undefined
    const { slot, convert } = table.restore(state as StateDescription<KeyedStateKind>)
    return { raw: table.raw(slot), convert }
  })
  for await (const { stateNumber, state, keyGroup, entries } of reader.blocksOfKeyGroups(
    keyGroups,
  )) {
    const taker = takers[stateNumber]
    for (const entry of entries) {
      if ('timers' in entry) {
        const of = entry.timers.map((timer) => ({ key: entry.key, ...timer }))
        timers.restore(state, keyGroup!, of)
        continue
      }
      assert(taker !== undefined, 'a snapshot of tables has timers only')
      const { raw, convert } = taker
      context.setKey(entry.key)
      if ('value' in entry) addConverted(raw, [entry.value], undefined, convert)
      else if ('elements' in entry) addConverted(raw, entry.elements, undefined, convert)
      else {
        for (const [mapKey, value] of entry.mapEntries) addConverted(raw, [value], mapKey, convert)
      }
    }
  }
  context.setKey(undefined)
}

/** Restores the tables of one part. */
class TableRestore {
  readonly #source: KeyedRestore
  readonly #part: KeyedRestorePart
  readonly #target: RestoreTarget
  readonly #prefix: string

  constructor(
    source: KeyedRestore,
    part: KeyedRestorePart,
    target: RestoreTarget,
    /** Of the names of files. */
    prefix: string,
  ) {
    this.#source = source
    this.#part = part
    this.#target = target
    this.#prefix = prefix
  }

  async run(description: SnapshotDescription): Promise<void> {
    const states = description.states.filter(
      (state): state is StateDescription<KeyedStateKind> => state.kind !== 'timer',
    )
    const tables = await this.#download(parseTableList(description.backend?.data).tables)
    const { store } = this.#target.context
    if (this.#fits(states)) {
      // Of level 0 the oldest first: each is put in front of those before.
      for (const { leveled } of tables.toReversed()) {
        store.addRestored(leveled.table, leveled.level, leveled)
      }
      for (const { leveled, key } of tables) this.#target.shared.restored(leveled.table.name, key)
    } else this.#import(states, tables)
  }

  /** Whether the numbers and types of states are those of this backend; they are when it has none so far. */
  #fits(states: readonly StateDescription<KeyedStateKind>[]): boolean {
    const { table } = this.#target
    const fits = states.every((state, number) => {
      const slot = table.find(state.name)
      if (slot === undefined) return number >= table.slots.length
      if (slot.number !== number) return false
      try {
        return table.conversion(state, slot.description) === undefined
      } catch {
        // What cannot be converted into the backend's type may be convertible the other way round: entry by entry.
        return false
      }
    })
    if (!fits) return false
    for (const state of states) if (table.find(state.name) === undefined) table.add(state)
    return true
  }

  /** Writes the entries of tables whose states have other numbers or types here. */
  #import(
    states: readonly StateDescription<KeyedStateKind>[],
    tables: readonly { readonly leveled: LeveledTable }[],
  ): void {
    const { context, table } = this.#target
    const { start, end } = this.#part.keyGroups
    const takers = states.map((state) => {
      const { slot, convert } = table.restore(state)
      return { kind: state.kind, codec: table.codecOf(state), raw: table.raw(slot), convert }
    })
    const view = new StoreView({
      memtables: [],
      tables: tables.map(({ leveled }) => leveled),
      firstKeyGroup: start,
      lastKeyGroup: end,
      onRelease: () => {},
    })
    const entries = storedEntries(
      view.cursor(),
      context,
      (number) => takers[number],
      (number) => hasParts(states[number]),
    )
    for (const { state, key, values, mapKey } of entries) {
      const { raw, convert } = takers[state]!
      context.setKey(key)
      addConverted(raw, values, mapKey, convert)
    }
    context.setKey(undefined)
    view.release()
    for (const { leveled } of tables) leveled.table.release()
  }

  async #download(
    stored: readonly StoredTable[],
  ): Promise<{ readonly leveled: LeveledTable; readonly key: string }[]> {
    const { keyGroups } = this.#part
    const handles = new Map(
      (this.#part.handle.shared ?? []).map(({ key, handle }) => [key, handle]),
    )
    const { files, context } = this.#target
    const tables: { leveled: LeveledTable; key: string }[] = []
    for (const [i, table] of stored.entries()) {
      const range = {
        firstKeyGroup: Math.max(table.firstKeyGroup, keyGroups.start),
        lastKeyGroup: Math.min(table.lastKeyGroup, keyGroups.end),
      }
      if (range.firstKeyGroup > range.lastKeyGroup) continue
      const handle = handles.get(table.key)
      assert(handle !== undefined, `the checkpoint has the table ${table.key}`)
      const name = `${this.#prefix}-${i}.tbl`
      const made = context.store.tableOf(name, summaryOf(table))
      const leveled = leveledTable(made, table.level, range)
      if (leveled === undefined) continue
      await this.#copy(handle, name, files)
      tables.push({ leveled, key: table.key })
    }
    return tables
  }

  async #copy(handle: StateHandle, name: string, files: TableFiles): Promise<void> {
    const source = await this.#source.open(handle)
    const { localPath } = source
    if (localPath !== undefined && files.adopt?.(localPath, name) === true) {
      await source.close()
      return
    }
    let file: TableFileWriter | undefined
    try {
      file = files.create(name)
      const buffer = Buffer.allocUnsafe(Math.min(DOWNLOAD_BYTES, Math.max(1, source.sizeBytes)))
      let [position, checksum] = [0, 0]
      while (position < source.sizeBytes) {
        const read = await source.read(buffer, position)
        if (read === 0) break
        checksum = crc32(buffer.subarray(0, read), checksum)
        file.write(buffer.subarray(0, read))
        position += read
      }
      if (position !== handle.sizeBytes || checksum !== handle.checksum) {
        const found = 'its checksum is not that of its checkpoint'
        throw new SnapshotCorruptError({ path: source.path, position, found })
      }
    } finally {
      file?.close()
      await source.close()
    }
  }
}
