import {
  encodeKey,
  hashKey,
  KeyMap,
  keyGroupFor,
  keyGroupRangeForOperator,
  operatorIndexForKeyGroup,
  type SerializerRegistry,
} from '@flink-ts/core'
import {
  type KeyedStateHandle,
  type OperatorState,
  type OperatorStateHandle,
  type OperatorSubtaskState,
  type SnapshotTimer,
  SnapshotWriter,
  type StateDescription,
  type StateHandle,
  type StateStreams,
} from '@flink-ts/state'
import type { KeyedStateRecord, OperatorDefinition } from './operator-definition.js'
import { SnapshotFile } from './snapshot-file.js'
import { DuplicateKeyError, StateToolUsageError, UnknownStateError } from './state-tool-errors.js'

export interface WriteContext {
  readonly streams: StateStreams
  readonly maxParallelism: number
  readonly serializers?: SerializerRegistry
  /** Makes a file of its own of what another savepoint has. */
  readonly copy: (handle: StateHandle) => Promise<StateHandle>
}

/** An operator whose id is known; those without a uid have one from their place in the graph. */
export type IdentifiedOperator = Omit<OperatorDefinition, 'uid' | 'name'> & {
  readonly operatorId: string
  readonly operatorUid?: string
  readonly operatorName: string
  /** What stays as it was, by subtask: that it had ended, and elements that were on their way to it. */
  readonly carried?: ReadonlyMap<number, Pick<OperatorSubtaskState, 'finished' | 'inFlight'>>
}

/** Writes the files of an operator. Memory: its keys. */
export async function writeOperatorState(
  definition: IdentifiedOperator,
  context: WriteContext,
): Promise<OperatorState> {
  const { operatorId, operatorUid, operatorName, parallelism = 1, coordinatorState } = definition
  const maxParallelism = definition.maxParallelism ?? context.maxParallelism
  if (!(Number.isInteger(parallelism) && parallelism >= 1 && parallelism <= maxParallelism)) {
    throw new StateToolUsageError(
      `Cannot write operator "${operatorName}": its parallelism ${parallelism} is not from 1 to its max parallelism ${maxParallelism}`,
    )
  }
  const facts = {
    operatorId,
    ...(operatorUid !== undefined && { operatorUid }),
    operatorName,
    parallelism,
    maxParallelism,
  }
  const keyed = await writeKeyed(definition, facts, context)
  const operator = await writeOperator(definition, facts, context)
  const subtasks = new Map<number, OperatorSubtaskState>()
  for (let subtask = 0; subtask < parallelism; subtask++) {
    const { finished, inFlight } = definition.carried?.get(subtask) ?? {}
    const isEmpty = !keyed?.[subtask]?.hasElements && !operator?.[subtask]?.hasElements
    if (finished === true && isEmpty) {
      subtasks.set(subtask, { finished })
      continue
    }
    subtasks.set(subtask, {
      ...(keyed && { keyed: keyed[subtask]!.handle }),
      ...(operator && { operator: operator[subtask]!.handle }),
      ...(inFlight && { inFlight: await context.copy(inFlight) }),
    })
  }
  return { ...facts, ...(coordinatorState && { coordinatorState }), subtasks }
}

type Facts = Omit<OperatorState, 'subtasks'>

/** What one subtask has. */
interface Written<H> {
  readonly handle: H
  readonly hasElements: boolean
}

async function writeKeyed(
  { keyed }: IdentifiedOperator,
  facts: Facts,
  context: WriteContext,
): Promise<Written<KeyedStateHandle>[] | undefined> {
  if (keyed === undefined) return undefined
  const { parallelism, maxParallelism, operatorName } = facts
  const { keyType = 'dynamic', states } = keyed
  const ranges = Array.from({ length: parallelism }, (_, subtask) =>
    keyGroupRangeForOperator(maxParallelism, parallelism, subtask),
  )
  const files = ranges.map(({ start, end }, subtaskIndex) =>
    open(facts, subtaskIndex, states, context, {
      maxParallelism,
      firstKeyGroup: start,
      lastKeyGroup: end,
      keyType,
    }),
  )
  const seen = states.map(() => new KeyMap<true>())
  return finishing(files, async () => {
    for await (const record of keyed.records) {
      const number = stateNumber(states, record.state, operatorName)
      const { key } = record
      if (seen[number]!.has(key)) {
        const text = Buffer.from(encodeKey(key)).toString('hex')
        const shown = typeof key === 'string' ? JSON.stringify(key) : `0x${text}`
        throw new DuplicateKeyError({ operatorName, stateName: record.state, key: shown })
      }
      seen[number]!.set(key, true)
      const keyGroup = keyGroupFor(hashKey(key), maxParallelism)
      const file = files[operatorIndexForKeyGroup(maxParallelism, parallelism, keyGroup)]!
      addKeyed(file.writer, { number, state: states[number]!, keyGroup, record })
      await file.writePending()
    }
    const written = await Promise.all(files.map((file) => file.finish()))
    return written.map(({ handle, elements }, subtask) => ({
      handle: { keyGroups: ranges[subtask]!, snapshot: handle },
      hasElements: elements.some((count) => count > 0),
    }))
  })
}

function addKeyed(
  writer: SnapshotWriter,
  at: { number: number; state: StateDescription; keyGroup: number; record: KeyedStateRecord },
): void {
  const { number, state, keyGroup, record } = at
  const { key, value } = record
  switch (state.kind) {
    case 'list':
      writer.addList(number, keyGroup, key, requireIterable(state, value))
      break
    case 'timer': {
      const timers = requireIterable(state, value) as Iterable<SnapshotTimer>
      writer.addTimers(number, keyGroup, key, timers)
      break
    }
    case 'map': {
      const entries = requireIterable(state, value) as Iterable<readonly [unknown, unknown]>
      writer.addMap(number, keyGroup, key, entries)
      break
    }
    case 'value':
    case 'reducing':
    case 'aggregating':
      writer.addValue(number, keyGroup, key, value)
      break
    default:
      throw new StateToolUsageError(
        `State '${state.name}' is ${state.kind} state: it has no keys and belongs to operatorStates`,
      )
  }
}

async function writeOperator(
  { operatorStates }: IdentifiedOperator,
  facts: Facts,
  context: WriteContext,
): Promise<Written<OperatorStateHandle>[] | undefined> {
  if (operatorStates === undefined) return undefined
  const { parallelism, operatorName } = facts
  const { states, records } = operatorStates
  const files = Array.from({ length: parallelism }, (_, subtask) =>
    open(facts, subtask, states, context),
  )
  const counts = states.map(() => 0)
  return finishing(files, async () => {
    for await (const { state, value } of records) {
      const number = stateNumber(states, state, operatorName)
      if (states[number]!.kind === 'broadcast') {
        // Each subtask has a copy of all.
        const entry = value as readonly [unknown, unknown]
        for (const { writer } of files) writer.addBroadcast(number, [entry])
      } else {
        files[counts[number]!++ % parallelism]!.writer.addElements(number, [value])
      }
      for (const file of files) await file.writePending()
    }
    const written = await Promise.all(files.map((file) => file.finish()))
    return written.map(({ handle, elements }) => ({
      handle: {
        snapshot: handle,
        states: states.map(({ name, kind }, number) => ({
          name,
          kind,
          elements: elements[number]!,
        })),
      },
      hasElements: elements.some((count) => count > 0),
    }))
  })
}

function open(
  { operatorId, operatorName }: Facts,
  subtaskIndex: number,
  states: readonly StateDescription[],
  { streams, serializers }: WriteContext,
  keyed?: ConstructorParameters<typeof SnapshotWriter>[0]['description']['keyed'],
): SnapshotFile {
  const writer = new SnapshotWriter({
    description: { operatorId, operatorName, subtaskIndex, states, ...(keyed && { keyed }) },
    ...(serializers && { serializers }),
  })
  return new SnapshotFile(writer, streams.open('exclusive'))
}

/** After a failure nothing of the files stays. */
async function finishing<T>(files: readonly SnapshotFile[], write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    await Promise.all(files.map((file) => file.abort()))
    throw error
  }
}

function stateNumber(
  states: readonly StateDescription[],
  name: string,
  operatorName: string,
): number {
  const number = states.findIndex((state) => state.name === name)
  if (number >= 0) return number
  throw new UnknownStateError({
    operatorName,
    stateName: name,
    known: states.map((state) => state.name),
  })
}

function requireIterable({ name, kind }: StateDescription, value: unknown): Iterable<unknown> {
  if (typeof value === 'object' && value !== null && Symbol.iterator in value) {
    return value as Iterable<unknown>
  }
  throw new StateToolUsageError(
    `A value of the ${kind} state '${name}' is ${value === null ? 'null' : `a ${typeof value}`}; expected ${kind === 'map' ? 'a Map or pairs' : 'an array'}`,
  )
}
