import { type SavepointReader, UnknownStateError, valueToJson } from '@flink-ts/state-tools'
import type { Terminal } from '../../terminal/terminal.js'
import { shownValue } from './shown-value.js'

/** `flink state export`: one JSON line per key, or per element of operator state. */
export async function exportState(
  reader: SavepointReader,
  terminal: Terminal,
  wanted: { readonly operator: string | undefined; readonly state: string | undefined },
): Promise<number> {
  const operators =
    wanted.operator === undefined ? reader.operators : [reader.findOperator(wanted.operator)]
  const known = new Set<string>()
  let isFound = wanted.state === undefined
  for (const { operatorId, operatorUid, operatorName } of operators) {
    const operator = operatorUid ?? operatorName
    const keyed = await reader.keyedStates(operatorId)
    for (const { name, kind } of keyed?.states ?? []) {
      known.add(name)
      if (wanted.state !== undefined && name !== wanted.state) continue
      isFound = true
      for await (const { key, keyGroup, value } of reader.readKeyedState(operatorId, name)) {
        const shown = { key: valueToJson(key), keyGroup, value: shownValue(kind, value) }
        terminal.out(JSON.stringify({ operator, state: name, kind, ...shown }))
      }
    }
    for (const { name, kind } of await reader.operatorStates(operatorId)) {
      known.add(name)
      if (wanted.state !== undefined && name !== wanted.state) continue
      isFound = true
      for await (const value of reader.readOperatorState(operatorId, name)) {
        terminal.out(JSON.stringify({ operator, state: name, kind, value: valueToJson(value) }))
      }
    }
  }
  if (isFound) return 0
  const operatorName = wanted.operator ?? 'any operator'
  throw new UnknownStateError({ operatorName, stateName: wanted.state!, known: [...known] })
}
