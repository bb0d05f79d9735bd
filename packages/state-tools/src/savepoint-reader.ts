import {
  type FileSystems,
  hashKey,
  keyGroupFor,
  operatorIdOfUid,
  type SerializerRegistry,
  SystemRandom,
} from '@flink-ts/core'
import {
  type CheckpointMetadata,
  CheckpointNotFoundError,
  FileSystemCheckpointStorage,
  METADATA_FILE_NAME,
  type OperatorState,
  openStateHandle,
  SnapshotReader,
  type StateDescription,
  type StateHandle,
  type StateType,
} from '@flink-ts/state'
import { type KeyedEntry, type KeyGroupOfState, readKeyGroups } from './keyed-entries.js'
import {
  NativeStateError,
  NotASavepointError,
  StateToolUsageError,
  UnknownOperatorError,
  UnknownStateError,
} from './state-tool-errors.js'

const MAGIC = Buffer.from('FLTSSNAP')

export interface SavepointReaderOptions {
  readonly fileSystems: FileSystems
  /** Of the program's own classes; without it states that hold instances of such cannot be read. */
  readonly serializers?: SerializerRegistry
}

/**
 * Reads a savepoint or checkpoint without its job: what operators have which states, and what is in them.
 *
 * Operators are named by uid, by id (32 hex digits), or by a name that only one has. Memory: one key group of one
 * operator at a time.
 */
export class SavepointReader {
  /** The folder. */
  readonly path: string
  readonly metadata: CheckpointMetadata
  readonly metadataBytes: number
  readonly #options: SavepointReaderOptions

  private constructor(
    opened: { metadata: CheckpointMetadata; directory: string; metadataBytes: number },
    options: SavepointReaderOptions,
  ) {
    this.path = opened.directory
    this.metadata = opened.metadata
    this.metadataBytes = opened.metadataBytes
    this.#options = options
  }

  /**
   * Opens a savepoint or checkpoint and checks its metadata.
   *
   * @param path of the folder or of its `_metadata`
   * @throws CheckpointNotFoundError (FLINK_CHECKPOINT_NOT_FOUND), NotASavepointError (FLINK_STATE_NOT_A_SAVEPOINT),
   *   SnapshotCorruptError (FLINK_SNAPSHOT_CORRUPT), SnapshotVersionError (FLINK_SNAPSHOT_VERSION)
   */
  static async open(path: string, options: SavepointReaderOptions): Promise<SavepointReader> {
    const { fileSystems } = options
    const trimmed = path.replace(/(?<=[^/])\/+$/, '')
    const folder = trimmed.endsWith(`/${METADATA_FILE_NAME}`)
      ? trimmed.slice(0, -METADATA_FILE_NAME.length - 1)
      : trimmed
    await requireMagic(fileSystems, folder)
    const storage = new FileSystemCheckpointStorage({
      fileSystems,
      random: new SystemRandom(),
      jobId: '',
    })
    return new SavepointReader(await storage.open(folder), options)
  }

  get operators(): readonly OperatorState[] {
    return this.metadata.operators
  }

  /** @throws UnknownOperatorError (FLINK_STATE_UNKNOWN_OPERATOR) with the nearest name */
  findOperator(name: string): OperatorState {
    const { operators } = this.metadata
    const id = operatorIdOfUid(name)
    const found = operators.find(
      ({ operatorId, operatorUid }) =>
        operatorId === name || operatorId === id || operatorUid === name,
    )
    if (found !== undefined) return found
    const named = operators.filter(({ operatorName }) => operatorName === name)
    if (named.length === 1) return named[0]!
    if (named.length > 1) {
      const ids = named.map(({ operatorId }) => operatorId).join(', ')
      throw new StateToolUsageError(
        `${named.length} operators in ${this.path} have the name '${name}'; choose one by its id: ${ids}`,
      )
    }
    const known = operators.flatMap(({ operatorUid, operatorName }) => [
      ...(operatorUid === undefined ? [] : [operatorUid]),
      operatorName,
    ])
    throw new UnknownOperatorError({ path: this.path, operator: name, known: [...new Set(known)] })
  }

  /** The keyed states of an operator and the type of its keys; undefined if it has none. @throws NativeStateError */
  async keyedStates(
    operator: string,
  ): Promise<
    { readonly keyType: StateType; readonly states: readonly StateDescription[] } | undefined
  > {
    const states = new Map<string, StateDescription>()
    let keyType: StateType | undefined
    for (const handle of this.#keyedHandles(this.findOperator(operator))) {
      const { description } = await this.#use(handle.snapshot, 'keyed', async (reader) => reader)
      if (description.backend !== undefined) throw new NativeStateError(description.operatorName)
      keyType ??= description.keyed?.keyType
      for (const state of description.states)
        if (!states.has(state.name)) states.set(state.name, state)
    }
    return keyType === undefined ? undefined : { keyType, states: [...states.values()] }
  }

  /** The list, union and broadcast states of an operator. */
  async operatorStates(operator: string): Promise<readonly StateDescription[]> {
    const states = new Map<string, StateDescription>()
    for (const handle of operatorHandles(this.findOperator(operator))) {
      const { description } = await this.#use(handle, 'operator', async (reader) => reader)
      for (const state of description.states)
        if (!states.has(state.name)) states.set(state.name, state)
    }
    return [...states.values()]
  }

  /**
   * All keys of a keyed state, by ascending key group; within a group in no order.
   *
   * @throws UnknownOperatorError, UnknownStateError, NativeStateError, SnapshotCorruptError
   */
  async *readKeyedState<V = unknown>(
    operator: string,
    stateName: string,
  ): AsyncGenerator<KeyedEntry<V>, void> {
    await this.#requireKeyedState(operator, stateName)
    for await (const { keyGroup, keys } of this.readKeyGroups(operator, [stateName])) {
      for (const [key, value] of keys.entries()) yield { key, keyGroup, value: value as V }
    }
  }

  /** What one key has; only its key group is read. @returns undefined if it has nothing */
  async readKey<V = unknown>(
    operator: string,
    stateName: string,
    key: unknown,
  ): Promise<KeyedEntry<V> | undefined> {
    await this.#requireKeyedState(operator, stateName)
    const { maxParallelism } = this.findOperator(operator)
    const keyGroup = keyGroupFor(hashKey(key), maxParallelism)
    const range = { start: keyGroup, end: keyGroup }
    for await (const { keys } of this.readKeyGroups(operator, [stateName], range)) {
      if (keys.has(key)) return { key, keyGroup, value: keys.get(key) as V }
    }
    return undefined
  }

  /**
   * Key groups of an operator in ascending order, each with its states one after the other.
   *
   * @param states names; default all
   */
  async *readKeyGroups(
    operator: string,
    states?: readonly string[],
    range = { start: 0, end: Number.MAX_SAFE_INTEGER },
  ): AsyncGenerator<KeyGroupOfState, void> {
    const wanted = states && new Set(states)
    const handles = this.#keyedHandles(this.findOperator(operator))
    for (const { keyGroups, snapshot } of handles) {
      if (keyGroups.start > range.end || keyGroups.end < range.start) continue
      const source = await openStateHandle(this.#options.fileSystems, snapshot)
      try {
        const reader = await SnapshotReader.open(source, 'keyed', this.#serializers)
        yield* readKeyGroups(reader, range, (name) => wanted?.has(name) ?? true)
      } finally {
        await source.close()
      }
    }
  }

  /**
   * The elements of a list or union state of all subtasks, or the entries `[key, value]` of a broadcast state (of which
   * each subtask has the same).
   */
  async *readOperatorState<V = unknown>(
    operator: string,
    stateName: string,
  ): AsyncGenerator<V, void> {
    const states = await this.operatorStates(operator)
    const known = states.find(({ name }) => name === stateName)
    const found = this.findOperator(operator)
    if (known === undefined) throw unknownState(found, stateName, states)
    for (const handle of operatorHandles(found)) {
      const source = await openStateHandle(this.#options.fileSystems, handle)
      let elements = 0
      try {
        const reader = await SnapshotReader.open(source, 'operator', this.#serializers)
        for await (const { state, entries } of reader.blocks()) {
          if (state.name !== stateName) continue
          for (const entry of entries) {
            const values = 'elements' in entry ? entry.elements : mapEntriesOf(entry)
            elements += values.length
            yield* values as V[]
          }
        }
      } finally {
        await source.close()
      }
      if (known.kind === 'broadcast' && elements > 0) return
    }
  }

  async #requireKeyedState(operator: string, stateName: string): Promise<void> {
    const keyed = await this.keyedStates(operator)
    const states = keyed?.states ?? []
    if (states.some(({ name }) => name === stateName)) return
    throw unknownState(this.findOperator(operator), stateName, states)
  }

  #keyedHandles(operator: OperatorState) {
    const handles = [...operator.subtasks.values()].flatMap(({ keyed }) => keyed ?? [])
    if (handles.some(({ shared }) => shared !== undefined && shared.length > 0)) {
      throw new NativeStateError(operator.operatorName)
    }
    return handles.sort((a, b) => a.keyGroups.start - b.keyGroups.start)
  }

  get #serializers() {
    const { serializers } = this.#options
    return serializers === undefined ? {} : { serializers }
  }

  async #use<T>(
    handle: StateHandle,
    kind: 'keyed' | 'operator',
    use: (reader: SnapshotReader) => Promise<T>,
  ): Promise<T> {
    const source = await openStateHandle(this.#options.fileSystems, handle)
    try {
      return await use(await SnapshotReader.open(source, kind, this.#serializers))
    } finally {
      await source.close()
    }
  }
}

/** Of the subtasks in their order. */
function operatorHandles({ subtasks }: OperatorState): StateHandle[] {
  return [...subtasks]
    .sort(([a], [b]) => a - b)
    .flatMap(([, { operator }]) => operator?.snapshot ?? [])
}

function mapEntriesOf(entry: object): readonly unknown[] {
  return 'mapEntries' in entry ? (entry.mapEntries as readonly unknown[]) : []
}

function unknownState(
  { operatorName }: OperatorState,
  stateName: string,
  states: readonly StateDescription[],
): UnknownStateError {
  return new UnknownStateError({ operatorName, stateName, known: states.map(({ name }) => name) })
}

/** Tells files of somebody else from damaged ones. */
async function requireMagic(fileSystems: FileSystems, folder: string): Promise<void> {
  const file = `${folder}/${METADATA_FILE_NAME}`
  const fileSystem = fileSystems.forPath(file)
  if (!(await fileSystem.exists(file))) throw new CheckpointNotFoundError(file)
  const stream = await fileSystem.open(file)
  try {
    const first = Buffer.alloc(MAGIC.length)
    const read = await stream.read(first, 0)
    // An empty or short file is a damaged one.
    if (read === first.length && !first.equals(MAGIC)) throw new NotASavepointError(file)
  } finally {
    await stream.close()
  }
}
