import assert from 'node:assert/strict'
import type { SerializerRegistry } from '@flink-ts/core'
import { ForeignStateError } from '../foreign-state-error.js'
import type { KeyedRestore } from '../keyed-restore.js'
import type { StateMigration } from '../schema/check-state-compatibility.js'
import type { KeyedStateKind, StateDescription } from '../snapshot/snapshot-description.js'
import { type SnapshotBlock, SnapshotReader } from '../snapshot/snapshot-reader.js'
import { ChunkedList } from './chunked-list.js'
import type { HeapKeyContext } from './heap-key-context.js'
import { HeapMap } from './heap-map.js'
import type { HeapStateTable } from './heap-state-table.js'
import type { HeapTimers } from './heap-timers.js'
import { RestoredKeys } from './restored-keys.js'

/** Reads snapshots into a heap backend. @throws what `KeyedStateBackend.restore` does */
export async function restoreHeapState(
  { parts, open }: KeyedRestore,
  target: {
    readonly context: HeapKeyContext
    readonly table: HeapStateTable
    readonly timers: HeapTimers
    readonly maxParallelism: number
    readonly serializers: SerializerRegistry | undefined
  },
): Promise<void> {
  const { context, table, timers, maxParallelism, serializers } = target
  for (const { handle, keyGroups } of parts) {
    const source = await open(handle.snapshot)
    try {
      const reader = await SnapshotReader.open(source, 'keyed', serializers && { serializers })
      const { states, keyed, backend, operatorName } = reader.description
      if (backend !== undefined) {
        throw new ForeignStateError(operatorName, { writtenBy: backend.name, readBy: 'hashmap' })
      }
      assert(
        keyed?.maxParallelism === maxParallelism,
        `key groups of ${keyed?.maxParallelism} in all are not those of ${maxParallelism}`,
      )
      const takers = states.map((state) =>
        state.kind === 'timer'
          ? takeTimers(timers, state)
          : takeState(table, state as StateDescription<KeyedStateKind>),
      )
      const restored = new RestoredKeys(context)
      for await (const block of reader.blocksOfKeyGroups(keyGroups)) {
        takers[block.stateNumber]!(block, restored)
      }
      restored.end()
    } finally {
      await source.close()
    }
  }
}

type Take = (block: SnapshotBlock, keys: RestoredKeys) => void

function takeTimers(timers: HeapTimers, state: StateDescription): Take {
  return ({ keyGroup, entries }) => {
    const taken = entries.flatMap((entry) => {
      if (!('timers' in entry)) return []
      return entry.timers.map(({ timestamp, namespace }) => ({
        key: entry.key,
        timestamp,
        namespace,
      }))
    })
    timers.restore(state, keyGroup!, taken)
  }
}

function takeState(table: HeapStateTable, state: StateDescription<KeyedStateKind>): Take {
  const { slot, convert } = table.restore(state)
  const value = convert?.convertValue ?? ((same: unknown) => same)
  const isSingle =
    state.kind === 'value' || state.kind === 'reducing' || state.kind === 'aggregating'
  return ({ stateNumber, keyGroup, entries }, keys) => {
    const entryOf = keys.finder(keyGroup!, isSingle ? stateNumber : undefined)
    for (const entry of entries) {
      const of = entryOf(entry.key)
      if ('value' in entry) {
        of.set(slot.index, value(entry.value))
      } else if ('elements' in entry) {
        const list = (of.get(slot.index) ?? new ChunkedList()) as ChunkedList<unknown>
        for (const element of entry.elements) list.push(value(element))
        of.set(slot.index, list)
      } else if ('mapEntries' in entry) {
        of.set(slot.index, addAll(of.get(slot.index), entry.mapEntries, convert))
      }
    }
  }
}

function addAll(
  held: unknown,
  entries: readonly (readonly [unknown, unknown])[],
  convert: StateMigration | undefined,
): HeapMap {
  const map = (held ?? new HeapMap()) as HeapMap
  const { convertMapKey, convertValue } = convert ?? {}
  for (const [key, value] of entries) {
    map.set(
      convertMapKey === undefined ? key : convertMapKey(key),
      convertValue === undefined ? value : convertValue(value),
    )
  }
  return map
}
