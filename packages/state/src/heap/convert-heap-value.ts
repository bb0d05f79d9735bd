import type { StateMigration } from '../schema/check-state-compatibility.js'
import type { KeyedStateKind } from '../snapshot/snapshot-description.js'
import { ChunkedList } from './chunked-list.js'
import { HeapMap } from './heap-map.js'

/** What a key has in a state, as the heap holds it, converted. */
export function convertHeapValue(
  kind: KeyedStateKind,
  held: unknown,
  { convertValue, convertMapKey }: StateMigration,
): unknown {
  const value = convertValue ?? ((same: unknown) => same)
  if (kind === 'list') {
    const list = new ChunkedList<unknown>()
    for (const element of held as ChunkedList<unknown>) list.push(value(element))
    return list
  }
  if (kind === 'map') {
    const map = new HeapMap()
    for (const [mapKey, element] of (held as HeapMap).entries()) {
      map.set(convertMapKey === undefined ? mapKey : convertMapKey(mapKey), value(element))
    }
    return map
  }
  return value(held)
}
