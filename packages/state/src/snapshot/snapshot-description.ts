import type { TypeDescription } from '@flink-ts/core'
import { parseTypeDescription } from '../schema/parse-type-description.js'

/** A declared type, or `dynamic`: values describe themselves and are matched by field names. */
export type StateType = TypeDescription | 'dynamic'

/** Kinds of keyed state. */
export type KeyedStateKind = 'value' | 'list' | 'map' | 'reducing' | 'aggregating' | 'timer'
/** Kinds of operator state: how its elements are given out when the parallelism changes. */
export type OperatorStateKind = 'splitList' | 'unionList' | 'broadcast'

/** One state of a snapshot; the number of its blocks is its place in the list. */
export interface StateDescription<K extends string = KeyedStateKind | OperatorStateKind> {
  readonly name: string
  readonly kind: K
  /** Of values, list elements, map values, or the namespaces of timers. */
  readonly type: StateType
  /** Of the keys of `map` and `broadcast` state. */
  readonly mapKeyType?: StateType
  /** Each value (element, map value) is a `TimedValue`: the state has a time to live. */
  readonly ttl?: true
}

/** What a backend needs to find its way in shared files; only it can read them. */
export interface BackendPart {
  /** `state.backend.type` of the backend. */
  readonly name: string
  /** JSON. */
  readonly data: unknown
}

/** What stands at the head of every state file: all that is needed to read the rest. */
export interface SnapshotDescription<K extends string = KeyedStateKind | OperatorStateKind> {
  /** Version of the writer, for people. */
  readonly writer: string
  readonly operatorId: string
  readonly operatorName: string
  readonly subtaskIndex: number
  readonly states: readonly StateDescription<K>[]
  /** Of keyed snapshots. */
  readonly keyed?: {
    readonly maxParallelism: number
    /** Both inclusive. */
    readonly firstKeyGroup: number
    readonly lastKeyGroup: number
    readonly keyType: StateType
  }
  /** Of checkpoints whose entries lie in shared files of a backend: then the file has timers only. */
  readonly backend?: BackendPart
}

const KINDS: readonly string[] = [
  'value',
  'list',
  'map',
  'reducing',
  'aggregating',
  'timer',
  'splitList',
  'unionList',
  'broadcast',
]

/** @throws Error on JSON that describes no snapshot */
export function parseSnapshotDescription(json: string): SnapshotDescription {
  const parsed = JSON.parse(json) as Partial<SnapshotDescription> | null
  const { writer, operatorId, operatorName, subtaskIndex, states, keyed, backend } = parsed ?? {}
  if (
    typeof writer !== 'string' ||
    typeof operatorId !== 'string' ||
    typeof operatorName !== 'string' ||
    !Number.isInteger(subtaskIndex) ||
    !Array.isArray(states)
  ) {
    throw new TypeError('the description lacks writer, operator, subtask or states')
  }
  return {
    writer,
    operatorId,
    operatorName,
    subtaskIndex: subtaskIndex!,
    states: states.map(parseState),
    ...(keyed !== undefined && {
      keyed: {
        maxParallelism: integer(keyed.maxParallelism),
        firstKeyGroup: integer(keyed.firstKeyGroup),
        lastKeyGroup: integer(keyed.lastKeyGroup),
        keyType: parseStateType(keyed.keyType),
      },
    }),
    ...(backend !== undefined && { backend }),
  }
}

function parseState(state: Partial<StateDescription> | null): StateDescription {
  const { name, kind, type, mapKeyType, ttl } = state ?? {}
  if (typeof name !== 'string' || kind === undefined || !KINDS.includes(kind)) {
    throw new TypeError(`state ${JSON.stringify(name)} is of the unknown kind ${kind}`)
  }
  return {
    name,
    kind,
    type: parseStateType(type),
    ...(mapKeyType !== undefined && { mapKeyType: parseStateType(mapKeyType) }),
    ...(ttl === true && { ttl }),
  }
}

function parseStateType(type: unknown): StateType {
  return type === 'dynamic' ? type : parseTypeDescription(type)
}

function integer(value: unknown): number {
  if (Number.isInteger(value)) return value as number
  throw new TypeError(`${value} is no integer`)
}
