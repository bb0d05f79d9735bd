import type { OperatorState } from './checkpoint-metadata.js'
import type {
  KeyedStateHandle,
  OperatorStateHandle,
  OperatorSubtaskState,
  StateHandle,
} from './state-handle.js'

/** A handle in `_metadata`: exactly one of the first three fields is there. */
interface HandleJson {
  /** Number of the inlined frame. */
  readonly inlined?: number
  /** Below the folder of the checkpoint, so that a savepoint may be moved. */
  readonly relativePath?: string
  readonly path?: string
  readonly sizeBytes: number
  readonly checksum: number
}

interface SubtaskJson {
  readonly subtask: number
  readonly finished?: boolean
  readonly keyed?: Omit<KeyedStateHandle, 'snapshot' | 'shared'> & {
    readonly snapshot: HandleJson
    readonly shared?: readonly { readonly key: string; readonly handle: HandleJson }[]
  }
  readonly operator?: Omit<OperatorStateHandle, 'snapshot'> & { readonly snapshot: HandleJson }
  readonly inFlight?: HandleJson
}

interface OperatorJson extends Omit<OperatorState, 'subtasks' | 'coordinatorState'> {
  /** Number of the inlined frame. */
  readonly coordinatorState?: number
  readonly subtasks: readonly SubtaskJson[]
}

/** Inlined bytes by their number, and the folder that relative paths are below. */
export interface HandleContext {
  readonly directory: string
  readonly inlined: Uint8Array[]
}

/** JSON of one operator; what is inlined is added to the context. All shared state must have handles. */
export function operatorToJson(operator: OperatorState, context: HandleContext): string {
  const { coordinatorState, subtasks, ...facts } = operator
  const json: OperatorJson = {
    ...facts,
    ...(coordinatorState && { coordinatorState: inline(coordinatorState, context) }),
    subtasks: [...subtasks].map(([subtask, state]) => subtaskToJson(subtask, state, context)),
  }
  return JSON.stringify(json)
}

/** @throws TypeError on JSON that {@link operatorToJson} does not make */
export function operatorFromJson(text: string, context: HandleContext): OperatorState {
  const { coordinatorState, subtasks, ...facts } = JSON.parse(text) as OperatorJson
  return {
    ...facts,
    ...(coordinatorState !== undefined && {
      coordinatorState: inlinedAt(coordinatorState, context),
    }),
    subtasks: new Map(subtasks.map((json) => [json.subtask, subtaskFromJson(json, context)])),
  }
}

function subtaskToJson(
  subtask: number,
  { keyed, operator, finished, inFlight }: OperatorSubtaskState,
  context: HandleContext,
): SubtaskJson {
  const shared = keyed?.shared?.map(({ key, handle }) => {
    if (handle === undefined) throw new TypeError(`shared state ${key} has no handle`)
    return { key, handle: handleToJson(handle, context) }
  })
  return {
    subtask,
    ...(finished !== undefined && { finished }),
    ...(keyed && {
      keyed: {
        keyGroups: keyed.keyGroups,
        snapshot: handleToJson(keyed.snapshot, context),
        ...(shared && { shared }),
      },
    }),
    ...(operator && {
      operator: { ...operator, snapshot: handleToJson(operator.snapshot, context) },
    }),
    ...(inFlight && { inFlight: handleToJson(inFlight, context) }),
  }
}

function subtaskFromJson(
  { keyed, operator, finished, inFlight }: SubtaskJson,
  context: HandleContext,
): OperatorSubtaskState {
  const shared = keyed?.shared?.map(({ key, handle }) => ({
    key,
    handle: handleFromJson(handle, context),
  }))
  return {
    ...(finished !== undefined && { finished }),
    ...(keyed && {
      keyed: {
        keyGroups: keyed.keyGroups,
        snapshot: handleFromJson(keyed.snapshot, context),
        ...(shared && { shared }),
      },
    }),
    ...(operator && {
      operator: { ...operator, snapshot: handleFromJson(operator.snapshot, context) },
    }),
    ...(inFlight && { inFlight: handleFromJson(inFlight, context) }),
  }
}

function handleToJson(handle: StateHandle, context: HandleContext): HandleJson {
  const { sizeBytes, checksum } = handle
  if (handle.kind === 'inline') {
    return { inlined: inline(handle.bytes, context), sizeBytes, checksum }
  }
  const prefix = `${context.directory}/`
  if (handle.path.startsWith(prefix)) {
    return { relativePath: handle.path.slice(prefix.length), sizeBytes, checksum }
  }
  return { path: handle.path, sizeBytes, checksum }
}

function handleFromJson(json: HandleJson, context: HandleContext): StateHandle {
  const { inlined, relativePath, path, sizeBytes, checksum } = json
  if (inlined !== undefined) {
    return { kind: 'inline', bytes: inlinedAt(inlined, context), sizeBytes, checksum }
  }
  if (path !== undefined) return { kind: 'file', path, sizeBytes, checksum }
  // A name with `..` would lead out of the folder that somebody was given.
  if (relativePath === undefined || relativePath.split('/').includes('..')) {
    throw new TypeError(`a handle names no file: ${JSON.stringify(json)}`)
  }
  return { kind: 'file', path: `${context.directory}/${relativePath}`, sizeBytes, checksum }
}

function inline(bytes: Uint8Array, { inlined }: HandleContext): number {
  return inlined.push(bytes) - 1
}

function inlinedAt(number: number, { inlined }: HandleContext): Uint8Array {
  const bytes = inlined[number]
  if (bytes === undefined) throw new TypeError(`there is no inlined part ${number}`)
  return bytes
}
