import type { KeyedStateKind } from '@flink-ts/state'
import type { Cursor } from '../store/cursor.js'
import { EntryKey } from './entry-key.js'
import type { LsmKeyContext } from './lsm-key-context.js'
import { readVarint } from './lsm-list-state.js'
import type { ValueCodec } from './value-codec.js'

/** What one key has in one state, or a part of it: lists come in several parts, maps entry by entry. */
export interface StoredEntry {
  readonly keyGroup: number
  /** Number of the state. */
  readonly state: number
  readonly key: unknown
  /** One, but of lists. */
  readonly values: readonly unknown[]
  /** Of map state. */
  readonly mapKey: unknown
  /** Whether it is the first of its key in its state. */
  readonly isFirst: boolean
}

/** How the entries of a state are read. */
export interface EntryFormat {
  readonly kind: KeyedStateKind
  readonly codec: ValueCodec
}

/**
 * The entries that a cursor over the store shows, in order of key group, state and key; elements of lists in their order. Closes the cursor.
 *
 * @param formats by number of the state; entries of states without one are passed over
 * @param hasParts of all states
 */
export function* storedEntries(
  cursor: Cursor,
  context: LsmKeyContext,
  formats: (state: number) => EntryFormat | undefined,
  hasParts: (state: number) => boolean,
): Generator<StoredEntry, void> {
  const key = new EntryKey()
  /** The tail of a list lies in front of its chunks and comes behind them. */
  let tail: StoredEntry | undefined
  let [lastText, lastState, lastGroup] = ['', -1, -1]
  try {
    for (; cursor.isValid; cursor.next()) {
      key.read(cursor, hasParts)
      const { keyGroup, state } = key
      const format = formats(state)
      if (format === undefined) continue
      const { kind, codec } = format
      // Anything may happen to the context's memory while this waits at a yield.
      const bytes = () => context.viewOf(cursor.valueBytes, cursor.valueStart, cursor.valueLength)
      if (kind === 'list') {
        if (key.restLength > 0) {
          const { key: of, isFirst } = tail!
          const values = codec.decodeAll(bytes())
          yield {
            keyGroup,
            state,
            key: of,
            values,
            mapKey: undefined,
            isFirst,
          }
          if (isFirst) tail = { ...tail!, isFirst: false }
          continue
        }
        if (tail !== undefined) yield tail
        const stored = bytes()
        readVarint(stored)
        const values = codec.decodeAll(stored)
        tail = { keyGroup, state, key: key.key(), values, mapKey: undefined, isFirst: true }
        continue
      }
      if (tail !== undefined) yield tail
      tail = undefined
      const values = [codec.decode(bytes())]
      if (kind !== 'map') {
        yield { keyGroup, state, key: key.key(), values, mapKey: undefined, isFirst: true }
        continue
      }
      const text = key.keyText()
      const isFirst = text !== lastText || state !== lastState || keyGroup !== lastGroup
      if (isFirst) [lastText, lastState, lastGroup] = [text, state, keyGroup]
      yield { keyGroup, state, key: key.key(), values, mapKey: key.mapKey(), isFirst }
    }
    if (tail !== undefined) yield tail
  } finally {
    cursor.close()
  }
}
