import type {
  KeyedStateKind,
  OperatorState,
  OperatorStateKind,
  StateDescription,
} from '@flink-ts/state'
import type {
  KeyedStateRecord,
  OperatorStateRecord,
  OperatorTransformation,
} from './operator-definition.js'
import type { SavepointReader } from './savepoint-reader.js'
import type { IdentifiedOperator } from './write-operator-state.js'

/** An operator of a savepoint as it will be after a transformation; its records are read when they are asked for. */
export async function transformedOperator(
  reader: SavepointReader,
  operator: OperatorState,
  transformation: OperatorTransformation,
): Promise<IdentifiedOperator> {
  const { operatorId, operatorUid, operatorName, parallelism, maxParallelism } = operator
  const keyed = await reader.keyedStates(operatorId)
  const operatorStates = await reader.operatorStates(operatorId)
  const changed = transformation.states ?? []
  const keyedStates = merged(keyed?.states ?? [], changed.filter(isKeyed), transformation)
  const otherStates = merged(operatorStates, changed.filter(isNotKeyed), transformation)
  return {
    operatorId,
    ...(operatorUid !== undefined && { operatorUid }),
    operatorName,
    parallelism,
    maxParallelism,
    carried: operator.subtasks,
    ...(operator.coordinatorState && { coordinatorState: operator.coordinatorState }),
    ...(keyedStates.length > 0 && {
      keyed: {
        keyType: keyed?.keyType ?? 'dynamic',
        states: keyedStates as StateDescription<KeyedStateKind>[],
        records: keyedRecords(reader, operatorId, transformation),
      },
    }),
    ...(otherStates.length > 0 && {
      operatorStates: {
        states: otherStates as StateDescription<OperatorStateKind>[],
        records: operatorRecords(reader, operatorId, operatorStates, transformation),
      },
    }),
  }
}

/** The states that there were, changed and with new ones behind them. */
function merged(
  existing: readonly StateDescription[],
  changed: readonly StateDescription[],
  { removedStates = [] }: OperatorTransformation,
): StateDescription[] {
  const states = new Map(existing.map((state) => [state.name, state]))
  for (const state of changed) states.set(state.name, state)
  for (const name of removedStates) states.delete(name)
  return [...states.values()]
}

async function* keyedRecords(
  reader: SavepointReader,
  operatorId: string,
  { keyed = (record) => record, removedStates = [] }: OperatorTransformation,
): AsyncGenerator<KeyedStateRecord, void> {
  for await (const { state, keys } of reader.readKeyGroups(operatorId)) {
    if (removedStates.includes(state.name)) continue
    for (const [key, value] of keys.entries()) {
      yield* several(keyed({ state: state.name, key, value }))
    }
  }
}

async function* operatorRecords(
  reader: SavepointReader,
  operatorId: string,
  states: readonly StateDescription[],
  { operatorStates = (record) => record, removedStates = [] }: OperatorTransformation,
): AsyncGenerator<OperatorStateRecord, void> {
  for (const { name } of states) {
    if (removedStates.includes(name)) continue
    for await (const value of reader.readOperatorState(operatorId, name)) {
      yield* several(operatorStates({ state: name, value }))
    }
  }
}

function several<R extends object>(answer: R | undefined | Iterable<R>): Iterable<R> {
  if (answer === undefined) return []
  return Symbol.iterator in answer ? answer : [answer as R]
}

function isKeyed({ kind }: StateDescription): boolean {
  return !['splitList', 'unionList', 'broadcast'].includes(kind)
}

function isNotKeyed(state: StateDescription): boolean {
  return !isKeyed(state)
}
