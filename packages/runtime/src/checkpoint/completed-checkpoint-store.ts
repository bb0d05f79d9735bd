import type { Logger } from '@flink-ts/core'
import {
  type CheckpointMetadata,
  CheckpointNotFoundError,
  SnapshotCorruptError,
} from '@flink-ts/state'
import { removeEntry } from '../highavailability/store/remove-entry.js'
import { CorruptEntryError, EntryExistsError } from '../highavailability/store/store-errors.js'
import type { VersionedStore } from '../highavailability/store/versioned-store.js'
import { PERIODIC_CHECKPOINT } from './checkpoint-properties.js'
import type { CompletedCheckpoint } from './completed-checkpoint.js'

/** What the coordination service keeps of a checkpoint: where it is. */
interface Pointer {
  readonly checkpointId: string
  readonly externalPath: string
  readonly completionTimestampMs: number
}

/** A pointer to a checkpoint that cannot be restored. */
interface Damaged {
  readonly name: string
  /** Of the pointer, if it is that which cannot be read. */
  readonly externalPath: string
}

export interface CompletedCheckpointStoreOptions {
  /** Of the job and of the leader's term. */
  readonly store: VersionedStore
  /** `execution.checkpointing.num-retained`. */
  readonly numRetained: number
  readonly log: Logger
}

/** Opens a checkpoint by its folder; `FileSystemCheckpointStorage.open`. */
export type OpenCheckpoint = (
  path: string,
) => Promise<{ readonly metadata: CheckpointMetadata; readonly metadataBytes: number }>

/** The newest completed checkpoints of a job: in memory, and as pointers where a later leader finds them. */
export class CompletedCheckpointStore {
  readonly #options: CompletedCheckpointStoreOptions
  /** Ascending. */
  readonly #checkpoints: CompletedCheckpoint[]
  /** Pointers to what cannot be read; removed when a newer one is there. */
  #damaged: Damaged[]
  /** What turned out to be damaged after it was kept. */
  #discredited: CompletedCheckpoint[] = []

  private constructor(
    options: CompletedCheckpointStoreOptions,
    checkpoints: CompletedCheckpoint[],
    damaged: Damaged[],
  ) {
    this.#options = options
    this.#checkpoints = checkpoints
    this.#damaged = damaged
  }

  /**
   * Reads what a former leader left. A checkpoint that is damaged or gone is left out and told, and so is a pointer that is none;
   * any other failure to read rejects, since the checkpoint may be there.
   */
  static async recover(
    options: CompletedCheckpointStoreOptions,
    open: OpenCheckpoint,
    onDamaged: (externalPath: string, error: Error) => void = () => {},
  ): Promise<CompletedCheckpointStore> {
    const checkpoints: CompletedCheckpoint[] = []
    const damaged: Damaged[] = []
    for (const name of await options.store.names()) {
      let externalPath = options.store.pathOf(name)
      try {
        const entry = await options.store.get(name)
        if (entry === undefined) continue
        const pointer = parse(externalPath, entry.value)
        externalPath = pointer.externalPath
        checkpoints.push(completedOf(pointer, await open(externalPath)))
      } catch (error) {
        const isDamaged =
          error instanceof SnapshotCorruptError ||
          error instanceof CheckpointNotFoundError ||
          error instanceof CorruptEntryError
        if (!isDamaged) throw error
        options.log.warn('A checkpoint cannot be restored; an older one is used', {
          name,
          externalPath,
          error,
        })
        damaged.push({ name, externalPath })
        onDamaged(externalPath, error)
      }
    }
    return new CompletedCheckpointStore(options, checkpoints, damaged)
  }

  /** Ascending by id. */
  get all(): readonly CompletedCheckpoint[] {
    return this.#checkpoints
  }

  /** Of all that have a pointer, also one that cannot be read; 0: there is none. */
  get highestId(): bigint {
    const ids = this.#damaged.flatMap(({ name }) => (/^\d+$/.test(name) ? BigInt(name) : []))
    ids.push(...this.#checkpoints.map(({ checkpointId }) => checkpointId))
    return ids.reduce((a, b) => (a > b ? a : b), 0n)
  }

  /** Folders of checkpoints that cannot be restored. */
  get damagedPaths(): readonly string[] {
    return this.#damaged.map(({ externalPath }) => externalPath)
  }

  /**
   * The checkpoint cannot be restored, though it could be opened: it is not used any more here, and goes when a newer one is
   * there. @returns false: it is not kept
   */
  markDamaged(checkpointId: bigint): boolean {
    const at = this.#checkpoints.findIndex((known) => known.checkpointId === checkpointId)
    if (at < 0) return false
    const [checkpoint] = this.#checkpoints.splice(at, 1)
    this.#discredited.push(checkpoint!)
    const { externalPath } = checkpoint!
    this.#damaged.push({ name: nameOf(checkpointId), externalPath })
    return true
  }

  /** What a restart restores. */
  get latest(): CompletedCheckpoint | undefined {
    return this.#checkpoints.at(-1)
  }

  /**
   * Keeps a checkpoint; the pointer is there before it counts.
   *
   * @returns those that are not kept any more, for the caller to remove
   * @throws CoordinationConnectionLostError: it may be kept; call again with the same one
   * @throws LeadershipLostError: it may be kept, for the next leader
   */
  async add(checkpoint: CompletedCheckpoint): Promise<CompletedCheckpoint[]> {
    const { store, numRetained } = this.#options
    const { checkpointId, externalPath, completionTimestampMs } = checkpoint
    const name = nameOf(checkpointId)
    const pointer: Pointer = {
      checkpointId: `${checkpointId}`,
      externalPath,
      completionTimestampMs,
    }
    const value = Buffer.from(JSON.stringify(pointer))
    try {
      await store.create(name, value)
    } catch (error) {
      if (!(error instanceof EntryExistsError)) throw error
      // A repetition after an attempt whose outcome nobody knew.
      const existing = await store.get(name)
      if (existing === undefined || Buffer.compare(existing.value, value) !== 0) throw error
    }
    if (!this.#checkpoints.some((known) => known.checkpointId === checkpointId)) {
      this.#checkpoints.push(checkpoint)
      this.#checkpoints.sort((a, b) => (a.checkpointId < b.checkpointId ? -1 : 1))
    }
    while (this.#damaged.length > 0) {
      await removeEntry(store, this.#damaged[0]!.name)
      this.#damaged = this.#damaged.slice(1)
    }
    const subsumed = this.#checkpoints.slice(0, -numRetained)
    for (const oldest of subsumed) await removeEntry(store, nameOf(oldest.checkpointId))
    for (const oldest of subsumed) this.#checkpoints.splice(this.#checkpoints.indexOf(oldest), 1)
    return [...this.#discredited.splice(0), ...subsumed]
  }

  /** Forgets all, pointers too. @returns what was kept */
  async clear(): Promise<CompletedCheckpoint[]> {
    const { store } = this.#options
    for (const name of await store.names()) await removeEntry(store, name)
    this.#damaged = []
    return [...this.#discredited.splice(0), ...this.#checkpoints.splice(0)]
  }
}

/** 19 digits, so that names sort as numbers. */
function nameOf(checkpointId: bigint): string {
  return `${checkpointId}`.padStart(19, '0')
}

function completedOf(
  { externalPath, completionTimestampMs }: Pointer,
  { metadata, metadataBytes }: Awaited<ReturnType<OpenCheckpoint>>,
): CompletedCheckpoint {
  const { checkpointId } = metadata
  return {
    checkpointId,
    properties: PERIODIC_CHECKPOINT,
    metadata,
    externalPath,
    metadataBytes,
    completionTimestampMs,
  }
}

function parse(path: string, value: Uint8Array): Pointer {
  let pointer: Partial<Pointer> | null
  try {
    pointer = JSON.parse(Buffer.from(value).toString())
  } catch (error) {
    throw new CorruptEntryError(path, error)
  }
  const { checkpointId, externalPath, completionTimestampMs } = pointer ?? {}
  if (
    typeof checkpointId !== 'string' ||
    typeof externalPath !== 'string' ||
    typeof completionTimestampMs !== 'number'
  ) {
    throw new CorruptEntryError(path, new TypeError('it points to no checkpoint'))
  }
  return { checkpointId, externalPath, completionTimestampMs }
}
