import { TimedValue } from '@flink-ts/state'
import type { LsmStore } from '../store/lsm-store.js'
import { EntryKey } from './entry-key.js'
import type { LsmKeyContext } from './lsm-key-context.js'
import type { LsmStateSlot, LsmStateTable } from './lsm-state-table.js'
import { storedEntries } from './stored-entries.js'

/** Calls `visit` for every key that has a value in a state: of lists and maps with an array. */
export function visitEntries(
  context: LsmKeyContext,
  table: LsmStateTable,
  slot: LsmStateSlot,
  visit: (key: unknown, value: unknown, keyGroup: number) => void,
): void {
  const { kind } = slot.description
  const view = context.store.view()
  const format = { kind, codec: slot.codec }
  let open: { key: unknown; keyGroup: number; elements: unknown[] } | undefined
  const close = () => {
    if (open !== undefined && open.elements.length > 0) {
      visit(open.key, open.elements, open.keyGroup)
    }
    open = undefined
  }
  const policy = slot.ttl?.policy
  const isVisible = (value: unknown) =>
    !(value instanceof TimedValue) || policy?.returnsExpired !== false || !policy.isExpired(value)
  try {
    const entries = storedEntries(
      view.cursor(),
      context,
      (state) => (state === slot.number ? format : undefined),
      table.hasParts,
    )
    for (const { key, keyGroup, values, mapKey, isFirst } of entries) {
      const visible = values.filter(isVisible).map(plain)
      if (kind !== 'list' && kind !== 'map') {
        if (visible.length > 0) visit(key, visible[0], keyGroup)
        continue
      }
      if (isFirst) close()
      open ??= { key, keyGroup, elements: [] }
      for (const value of visible) open.elements.push(kind === 'map' ? [mapKey, value] : value)
    }
    close()
  } finally {
    view.release()
  }
}

/** Keys that have any state. */
export function countKeys(store: LsmStore, table: LsmStateTable): number {
  const view = store.view()
  const cursor = view.cursor()
  const key = new EntryKey()
  const keys = new Set<string>()
  let [count, keyGroup] = [0, -1]
  try {
    for (; cursor.isValid; cursor.next()) {
      key.read(cursor, table.hasParts)
      if (key.keyGroup !== keyGroup) {
        count += keys.size
        keys.clear()
        keyGroup = key.keyGroup
      }
      keys.add(key.keyText())
    }
    return count + keys.size
  } finally {
    cursor.close()
    view.release()
  }
}

function plain(value: unknown): unknown {
  return value instanceof TimedValue ? value.value : value
}
