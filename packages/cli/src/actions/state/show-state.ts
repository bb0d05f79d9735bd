import { FlinkError } from '@flink-ts/core'
import {
  type SavepointReader,
  type StateDescription,
  type StateType,
  UnknownStateError,
  valueToJson,
} from '@flink-ts/state-tools'
import { CliArgumentError, type Terminal } from '../../terminal/terminal.js'
import { shownValue } from './shown-value.js'

export interface ShownState {
  readonly operator: string | undefined
  readonly state: string | undefined
  readonly key: string | undefined
}

/** `flink state show`: what one key has, or the elements of operator state. */
export async function showState(
  reader: SavepointReader,
  terminal: Terminal,
  { operator, state, key }: ShownState,
): Promise<number> {
  const id =
    operator === undefined
      ? await onlyOperator(reader, key !== undefined)
      : reader.findOperator(operator).operatorId
  const keyed = await reader.keyedStates(id)
  const others = await reader.operatorStates(id)
  const isWanted = ({ name }: StateDescription) => state === undefined || name === state
  const wanted = keyed?.states.filter(isWanted) ?? []
  const wantedOthers = others.filter(isWanted)
  if (state !== undefined && wanted.length + wantedOthers.length === 0) {
    const known = [...(keyed?.states ?? []), ...others].map(({ name }) => name)
    const { operatorName } = reader.findOperator(id)
    throw new UnknownStateError({ operatorName, stateName: state, known })
  }
  if (key === undefined) {
    if (wanted.length > 0 && (state !== undefined || wantedOthers.length === 0)) {
      throw new CliArgumentError(
        `State "${wanted[0]!.name}" has keys: name one with --key, or use "state export" for all.`,
      )
    }
    for (const { name, kind } of wantedOthers) {
      for await (const value of reader.readOperatorState(id, name)) {
        terminal.out(JSON.stringify({ state: name, kind, value: valueToJson(value) }))
      }
    }
    return 0
  }
  let isFound = false
  for (const candidate of keysOf(key, keyed?.keyType ?? 'dynamic')) {
    for (const { name, kind } of wanted) {
      const entry = await reader.readKey(id, name, candidate)
      if (entry === undefined) continue
      isFound = true
      const { keyGroup } = entry
      const shown = {
        state: name,
        kind,
        key: valueToJson(candidate),
        keyGroup,
        value: shownValue(kind, entry.value),
      }
      terminal.out(JSON.stringify(shown, undefined, 2))
    }
    if (isFound) return 0
  }
  const where = state === undefined ? 'any state' : `state "${state}"`
  const { operatorUid, operatorName } = reader.findOperator(id)
  throw new FlinkError(
    `There is nothing of key ${key} in ${where} of operator "${operatorUid ?? operatorName}"`,
    { code: 'FLINK_STATE_KEY_NOT_FOUND' },
  )
}

async function onlyOperator(reader: SavepointReader, withKeys: boolean): Promise<string> {
  const candidates = []
  for (const operator of reader.operators) {
    const isOne = !withKeys || (await reader.keyedStates(operator.operatorId)) !== undefined
    if (isOne) candidates.push(operator)
  }
  const [first, second] = candidates
  if (first !== undefined && second === undefined) return first.operatorId
  const names = (first === undefined ? reader.operators : candidates).map(
    (o) => `"${o.operatorUid ?? o.operatorName}"`,
  )
  throw new CliArgumentError(`Choose an operator with --operator; there are ${names.join(', ')}.`)
}

/** What a word may mean as a key: text unless it can only be something else, and the same as JSON. */
function keysOf(word: string, type: StateType): unknown[] {
  const keys: unknown[] = []
  const kind = type === 'dynamic' ? 'dynamic' : type.kind
  if (kind === 'long' && /^-?\d+$/.test(word)) return [BigInt(word)]
  if (kind === 'date') return [new Date(word)]
  if (kind !== 'int' && kind !== 'double' && kind !== 'boolean') keys.push(word)
  if (kind === 'string') return keys
  try {
    keys.push(JSON.parse(word))
  } catch {
    // No JSON: then it is text.
  }
  if (/^-?\d+n$/.test(word)) keys.push(BigInt(word.slice(0, -1)))
  return keys
}
