import { KeyMap } from '@flink-ts/core'
import type { SnapshotEntry, SnapshotReader, StateDescription } from '@flink-ts/state'

/**
 * What one key has in one keyed state: by its kind one value, an array (`list`), a Map (`map`), or an array of
 * `{ timestamp, namespace }` (`timer`). Of states with a time to live each value, element or map value is a `TimedValue`.
 */
export interface KeyedEntry<V = unknown> {
  readonly key: unknown
  readonly keyGroup: number
  readonly value: V
}

/** All keys of one state in one key group. */
export interface KeyGroupOfState {
  readonly keyGroup: number
  readonly state: StateDescription
  readonly keys: KeyMap<unknown>
}

/**
 * Reads one key group after the other, and in it one state after the other; one key group is in memory at a time.
 *
 * @param isWanted which states are collected
 */
export async function* readKeyGroups(
  reader: SnapshotReader,
  range: { readonly start: number; readonly end: number },
  isWanted: (stateName: string) => boolean,
): AsyncGenerator<KeyGroupOfState, void> {
  let keyGroup: number | undefined
  let states = new Map<number, KeyGroupOfState>()
  for await (const block of reader.blocksOfKeyGroups(range)) {
    if (block.keyGroup !== keyGroup) {
      yield* states.values()
      states = new Map()
      keyGroup = block.keyGroup
    }
    if (!isWanted(block.state.name)) continue
    let state = states.get(block.stateNumber)
    if (state === undefined) {
      state = { keyGroup: block.keyGroup!, state: block.state, keys: new KeyMap() }
      states.set(block.stateNumber, state)
    }
    for (const entry of block.entries) collect(state.keys, entry)
  }
  yield* states.values()
}

/** Lists, maps and timers of a key may come in several parts. */
function collect(keys: KeyMap<unknown>, entry: SnapshotEntry): void {
  const { key } = entry
  if ('value' in entry) {
    keys.set(key, entry.value)
    return
  }
  if ('mapEntries' in entry) {
    const map = (keys.get(key) ?? new Map()) as Map<unknown, unknown>
    for (const [mapKey, value] of entry.mapEntries) map.set(mapKey, value)
    keys.set(key, map)
    return
  }
  const more: readonly unknown[] = 'elements' in entry ? entry.elements : entry.timers
  const held = (keys.get(key) ?? []) as unknown[]
  for (const element of more) held.push(element)
  keys.set(key, held)
}

/** Elements of a list, entries of a map, timers, else one. */
export function elementsOf(kind: string, value: unknown): number {
  if (kind === 'list' || kind === 'timer') return (value as unknown[]).length
  return kind === 'map' ? (value as Map<unknown, unknown>).size : 1
}
