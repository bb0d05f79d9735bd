import type { OperatorRestorePart } from '../redistribution/redistribute-operator-state.js'
import type { SnapshotReader } from '../snapshot/snapshot-reader.js'

/**
 * Those elements (of broadcast state: entries) of an operator's snapshot that lie in the ranges, in the order of the file. All of the
 * file is read, so that every bit of it is checked.
 */
export async function* readRanges(
  reader: SnapshotReader,
  ranges: OperatorRestorePart['ranges'],
): AsyncGenerator<{ readonly stateNumber: number; readonly held: readonly unknown[] }, void> {
  /** By state: elements that were read. */
  const positions = reader.description.states.map(() => 0)
  for await (const { state, stateNumber, entries } of reader.blocks()) {
    for (const entry of entries) {
      const elements =
        'elements' in entry ? entry.elements : 'mapEntries' in entry ? entry.mapEntries : []
      const start = positions[stateNumber]!
      positions[stateNumber] = start + elements.length
      for (const { name, from, to } of ranges) {
        if (name !== state.name || from >= start + elements.length || to <= start) continue
        yield { stateNumber, held: elements.slice(Math.max(0, from - start), to - start) }
      }
    }
  }
}
