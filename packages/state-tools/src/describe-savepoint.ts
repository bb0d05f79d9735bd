import type { KeyGroupRange } from '@flink-ts/core'
import {
  newHandles,
  type OperatorState,
  type StateDescription,
  type StateType,
} from '@flink-ts/state'
import { elementsOf } from './keyed-entries.js'
import type { SavepointReader } from './savepoint-reader.js'
import { NativeStateError } from './state-tool-errors.js'

/** How much of one state is in one key group. */
export interface KeyGroupCount {
  readonly keyGroup: number
  readonly keys: number
  /** Elements of lists, entries of maps, timers; else as many as keys. */
  readonly elements: number
}

/** One state of an operator, with what is in it. */
export interface StateSummary extends StateDescription {
  /** Of keyed state. Absent if it was not counted. */
  readonly keys?: number
  /** Absent if it was not counted. */
  readonly elements?: number
  /** Of keyed state: those that have something, ascending. */
  readonly keyGroups?: readonly KeyGroupCount[]
}

/** What one subtask has. */
export interface SubtaskSummary {
  readonly subtask: number
  /** Of keyed state. */
  readonly keyGroups?: KeyGroupRange
  /** Of its files and inlined parts. */
  readonly sizeBytes: number
  /** It had ended. */
  readonly isFinished: boolean
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
  /** In their order. */
  readonly subtasks: readonly SubtaskSummary[]
  /** Absent without keyed state. */
  readonly keyType?: StateType
  /** The keyed state is in files of its backend: its states are not known. */
  readonly isNative: boolean
  readonly states: readonly StateSummary[]
}

export interface DescribeOptions {
  /** Whether keys and elements are counted: then everything is read, else the heads of the files alone. Default true. */
  readonly counts?: boolean
}

/** Says what is in each operator of a savepoint. @throws SnapshotCorruptError (FLINK_SNAPSHOT_CORRUPT) */
export async function describeSavepoint(
  reader: SavepointReader,
  { counts = true }: DescribeOptions = {},
): Promise<OperatorSummary[]> {
  const summaries: OperatorSummary[] = []
  for (const operator of reader.operators) summaries.push(await describe(reader, operator, counts))
  return summaries
}

async function describe(
  reader: SavepointReader,
  operator: OperatorState,
  counts: boolean,
): Promise<OperatorSummary> {
  const { operatorId, operatorUid, operatorName, parallelism, maxParallelism } = operator
  const subtasks = describeSubtasks(operator)
  const keyed = await keyedStatesOf(reader, operatorId)
  const states: StateSummary[] = []
  if (keyed !== undefined && keyed !== 'native') {
    states.push(...(counts ? await describeKeyed(reader, operatorId, keyed.states) : keyed.states))
  }
  for (const state of await reader.operatorStates(operatorId)) {
    let elements = 0
    if (counts) for await (const _ of reader.readOperatorState(operatorId, state.name)) elements++
    states.push(counts ? { ...state, elements } : state)
  }
  return {
    operatorId,
    ...(operatorUid !== undefined && { operatorUid }),
    operatorName,
    parallelism,
    maxParallelism,
    sizeBytes: subtasks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    coordinatorBytes: operator.coordinatorState?.length ?? 0,
    finishedSubtasks: subtasks.filter(({ isFinished }) => isFinished).length,
    subtasks,
    ...(keyed !== undefined && keyed !== 'native' && { keyType: keyed.keyType }),
    isNative: keyed === 'native',
    states,
  }
}

function describeSubtasks(operator: OperatorState): SubtaskSummary[] {
  return [...operator.subtasks]
    .sort(([a], [b]) => a - b)
    .map(([subtask, state]) => ({
      subtask,
      ...(state.keyed && { keyGroups: state.keyed.keyGroups }),
      sizeBytes: newHandles(state).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      isFinished: state.finished === true,
    }))
}

async function keyedStatesOf(reader: SavepointReader, operatorId: string) {
  try {
    return await reader.keyedStates(operatorId)
  } catch (error) {
    if (error instanceof NativeStateError) return 'native'
    throw error
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
