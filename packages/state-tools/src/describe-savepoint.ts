import {
  newHandles,
  type OperatorState,
  type StateDescription,
  type StateType,
} from '@flink-ts/state'
import { elementsOf } from './keyed-entries.js'
import type { SavepointReader } from './savepoint-reader.js'

/** How much of one state is in one key group. */
export interface KeyGroupCount {
  readonly keyGroup: number
  readonly keys: number
  /** Elements of lists, entries of maps, timers; else as many as keys. */
  readonly elements: number
}

/** One state of an operator, with what is in it. */
export interface StateSummary extends StateDescription {
  /** Of keyed state. */
  readonly keys?: number
  readonly elements: number
  /** Of keyed state: those that have something, ascending. */
  readonly keyGroups?: readonly KeyGroupCount[]
}

/** One operator of a savepoint. */
export interface OperatorSummary {
  readonly operatorId: string
  readonly operatorUid?: string
  readonly operatorName: string
  readonly parallelism: number
  readonly maxParallelism: number
  /** Of all files and inlined parts. */
  readonly sizeBytes: number
  /** Of its coordinator on the JobManager. */
  readonly coordinatorBytes: number
  readonly finishedSubtasks: number
  /** Absent without keyed state. */
  readonly keyType?: StateType
  /** The keyed state is in files of its backend: its states are not known. */
  readonly isNative: boolean
  readonly states: readonly StateSummary[]
}

/** Says what is in each operator of a savepoint. Reads all of it. @throws SnapshotCorruptError (FLINK_SNAPSHOT_CORRUPT) */
export async function describeSavepoint(reader: SavepointReader): Promise<OperatorSummary[]> {
  const summaries: OperatorSummary[] = []
  for (const operator of reader.operators) summaries.push(await describe(reader, operator))
  return summaries
}

async function describe(
  reader: SavepointReader,
  operator: OperatorState,
): Promise<OperatorSummary> {
  const { operatorId, operatorUid, operatorName, parallelism, maxParallelism } = operator
  const subtasks = [...operator.subtasks.values()]
  const isNative = subtasks.some(({ keyed }) => (keyed?.shared?.length ?? 0) > 0)
  const keyed = isNative ? undefined : await reader.keyedStates(operatorId)
  const states: StateSummary[] = []
  if (keyed !== undefined) states.push(...(await describeKeyed(reader, operatorId, keyed.states)))
  for (const state of await reader.operatorStates(operatorId)) {
    let elements = 0
    for await (const _ of reader.readOperatorState(operatorId, state.name)) elements++
    states.push({ ...state, elements })
  }
  return {
    operatorId,
    ...(operatorUid !== undefined && { operatorUid }),
    operatorName,
    parallelism,
    maxParallelism,
    sizeBytes: subtasks.flatMap(newHandles).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    coordinatorBytes: operator.coordinatorState?.length ?? 0,
    finishedSubtasks: subtasks.filter(({ finished }) => finished === true).length,
    ...(keyed !== undefined && { keyType: keyed.keyType }),
    isNative,
    states,
  }
}

async function describeKeyed(
  reader: SavepointReader,
  operatorId: string,
  states: readonly StateDescription[],
): Promise<StateSummary[]> {
  const counts = new Map(states.map(({ name }) => [name, [] as KeyGroupCount[]]))
  for await (const { keyGroup, state, keys } of reader.readKeyGroups(operatorId)) {
    let elements = 0
    keys.forEach((value) => {
      elements += elementsOf(state.kind, value)
    })
    counts.get(state.name)!.push({ keyGroup, keys: keys.size, elements })
  }
  return states.map((state) => {
    const keyGroups = counts.get(state.name)!
    const sum = (count: (of: KeyGroupCount) => number) =>
      keyGroups.reduce((total, group) => total + count(group), 0)
    return { ...state, keys: sum((g) => g.keys), elements: sum((g) => g.elements), keyGroups }
  })
}
