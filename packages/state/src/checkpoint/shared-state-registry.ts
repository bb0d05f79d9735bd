import { SharedStateMissingError } from './checkpoint-errors.js'
import type { CheckpointMetadata, OperatorState } from './checkpoint-metadata.js'
import type { OperatorSubtaskState, SharedState, StateHandle } from './state-handle.js'

interface SharedEntry {
  readonly handle: StateHandle
  /** False: restored without being claimed; its file is never removed here. */
  readonly isOwned: boolean
  readonly usedBy: Set<bigint>
}

export interface RegisterOptions {
  /** False: what is registered belongs to somebody else (restore mode NO_CLAIM). Default true. */
  readonly isOwned?: boolean
}

/**
 * Counts which kept checkpoints use which shared files. A file that none uses any more is handed out to be removed. Synchronous;
 * keys must be unique in the job (operator, subtask and attempt make them so).
 */
export class SharedStateRegistry {
  readonly #entries = new Map<string, SharedEntry>()
  readonly #discard: (handle: StateHandle) => void

  /** @param discard told once of each file that nobody uses */
  constructor(discard: (handle: StateHandle) => void) {
    this.#discard = discard
  }

  /** Number of shared files that are in use. */
  get size(): number {
    return this.#entries.size
  }

  sizeBytesOf(key: string): number {
    return this.#entries.get(key)?.handle.sizeBytes ?? 0
  }

  /**
   * Registers what a complete checkpoint uses. A file under a key that is known is a second upload of the same content:
   * the first is kept.
   *
   * @returns the same checkpoint with a handle for all shared state
   * @throws SharedStateMissingError (FLINK_SHARED_STATE_MISSING); nothing has changed then
   */
  register(metadata: CheckpointMetadata, options: RegisterOptions = {}): CheckpointMetadata {
    const { checkpointId } = metadata
    // Files that come with it, by key: others of it may refer to them without a handle.
    const brought = new Map<string, StateHandle>()
    for (const { key, handle } of sharedStateOf(metadata)) {
      if (handle !== undefined && !brought.has(key)) brought.set(key, handle)
    }
    for (const { key } of sharedStateOf(metadata)) {
      if (!brought.has(key) && !this.#entries.has(key)) {
        throw new SharedStateMissingError(key, checkpointId)
      }
    }
    const discarded = new Set<string>()
    const use = (state: SharedState): SharedState => {
      const { key, handle } = state
      const known = this.#entries.get(key)
      const entry = known ?? {
        handle: brought.get(key)!,
        isOwned: options.isOwned ?? true,
        usedBy: new Set<bigint>(),
      }
      entry.usedBy.add(checkpointId)
      this.#entries.set(key, entry)
      this.#discardDuplicate(handle, entry.handle, discarded)
      return { key, handle: entry.handle }
    }
    return {
      ...metadata,
      operators: metadata.operators.map((operator) => withShared(operator, use)),
    }
  }

  /** A checkpoint is not kept any more. Idempotent. */
  release(checkpointId: bigint): void {
    for (const [key, { handle, isOwned, usedBy }] of this.#entries) {
      if (!usedBy.delete(checkpointId) || usedBy.size > 0) continue
      this.#entries.delete(key)
      if (isOwned) this.#discard(handle)
    }
  }

  #discardDuplicate(
    handle: StateHandle | undefined,
    kept: StateHandle,
    discarded: Set<string>,
  ): void {
    if (handle?.kind !== 'file' || kept.kind !== 'file') return
    if (handle.path === kept.path || discarded.has(handle.path)) return
    discarded.add(handle.path)
    this.#discard(handle)
  }
}

function* sharedStateOf({ operators }: CheckpointMetadata): Generator<SharedState> {
  for (const { subtasks } of operators) {
    for (const { keyed } of subtasks.values()) yield* keyed?.shared ?? []
  }
}

function withShared(
  operator: OperatorState,
  use: (state: SharedState) => SharedState,
): OperatorState {
  const subtasks = new Map<number, OperatorSubtaskState>()
  for (const [subtask, state] of operator.subtasks) {
    const { keyed } = state
    const shared = keyed?.shared?.map(use)
    subtasks.set(
      subtask,
      keyed === undefined || shared === undefined
        ? state
        : { ...state, keyed: { ...keyed, shared } },
    )
  }
  return { ...operator, subtasks }
}
