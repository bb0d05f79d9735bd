import type { FileSystems } from '@flink-ts/core'
import {
  discardStateHandle,
  type KeyedSnapshot,
  type KeyedStateHandle,
  newHandles,
  type OperatorSnapshot,
  type OperatorStateHandle,
  type OperatorSubtaskState,
  type StateHandle,
  type StateOutputStream,
  type StateStreams,
} from '@flink-ts/state'
import type { SubtaskState } from '../../checkpoint/pending-checkpoint.js'
import type { OperatorSnapshots } from '../../operators/state-contexts.js'
import { encodeInFlight, type InFlightChannel } from './in-flight-file.js'

/** Bytes that may wait for the file system before no more are encoded. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024

/** Bytes from which on a write is worth what it costs the task. */
const WRITE_BYTES = 256 * 1024

export interface SnapshotWritingOptions {
  /** Released by the writing, however it ends. */
  readonly snapshots: readonly OperatorSnapshots[]
  readonly isSavepoint: boolean
  readonly streams: StateStreams
  readonly fileSystems: FileSystems
  /** Called when a slice can be written again. */
  readonly wake: () => void
  /** What is in flight in the task's channels; stored with its head. */
  readonly inFlight?:
    | { readonly operatorId: string; readonly channels: Promise<readonly InFlightChannel[]> }
    | undefined
}

/** A keyed snapshot that is being encoded, and the file that it goes to. */
interface Encoding {
  readonly snapshot: KeyedSnapshot
  readonly stream: StateOutputStream
  /** Bytes that were handed to the stream and have not been taken. */
  waitingBytes: number
  readonly encoded: () => void
  readonly failed: (error: unknown) => void
  /** Writes to the stream, one after the other. */
  writes: Promise<void>
}

/**
 * The asynchronous part of a checkpoint in one subtask: stores the snapshots of its operators, one after the other. Keyed state is
 * encoded in slices, for which the task finds the time; files are written meanwhile.
 */
export class SnapshotWriting {
  /** What was stored, by operator. Rejects when a part could not be; what the others wrote is removed then. */
  readonly done: Promise<SubtaskState>
  readonly #options: SnapshotWritingOptions
  readonly #stored = new Map<string, OperatorSubtaskState>()
  #encoding: Encoding | undefined
  /** Of what was stored of channels. */
  inFlightBytes = 0
  #abort: { reason: unknown } | undefined

  constructor(options: SnapshotWritingOptions) {
    this.#options = options
    this.done = this.#storeAll()
    // It is waited for elsewhere, too; here only for the memory.
    this.done.catch(() => {})
  }

  /** Of a savepoint, which no later checkpoint replaces. */
  get isSavepoint(): boolean {
    return this.#options.isSavepoint
  }

  /** Whether {@link writeSlice} would do something now. */
  get canWriteSlice(): boolean {
    return this.#encoding !== undefined && this.#encoding.waitingBytes < MAX_WAITING_BYTES
  }

  /** Encodes for about so long, at most. Errors go to {@link done}. */
  writeSlice(budgetMs: number): void {
    const encoding = this.#encoding
    if (encoding === undefined || !this.canWriteSlice) return
    try {
      const isWhole = encoding.snapshot.writeSlice(budgetMs)
      if (isWhole || encoding.snapshot.pendingBytes >= WRITE_BYTES) this.#write(encoding)
      if (!isWhole) return
      this.#encoding = undefined
      encoding.encoded()
    } catch (error) {
      this.#encoding = undefined
      encoding.failed(error)
    }
  }

  /** Gives up: what was written is removed, `done` rejects with `reason`. Nothing happens when all is stored. */
  abort(reason: unknown): void {
    this.#abort ??= { reason }
    const encoding = this.#encoding
    this.#encoding = undefined
    encoding?.failed(reason)
  }

  async #storeAll(): Promise<SubtaskState> {
    const { snapshots } = this.#options
    try {
      for (const { operatorId, keyed, operatorState } of snapshots) {
        const operator = operatorState && (await this.#storeOperatorState(operatorState))
        if (operator !== undefined) this.#stored.set(operatorId, { operator })
        const keyedHandle = keyed && (await this.#storeKeyed(keyed))
        this.#stored.set(operatorId, {
          ...(keyedHandle !== undefined && { keyed: keyedHandle }),
          ...(operator !== undefined && { operator }),
        })
      }
      await this.#storeInFlight()
      this.#checkAborted()
      return this.#stored
    } catch (error) {
      throw await this.#discardAfter(error)
    } finally {
      for (const { keyed } of snapshots) keyed?.release()
    }
  }

  async #storeInFlight(): Promise<void> {
    const { inFlight } = this.#options
    const channels = (await inFlight?.channels) ?? []
    // Of channels without anything the others must know that nothing had been processed.
    if (inFlight === undefined || channels.length === 0) return
    const handle = await this.#intoStream('computed', async (stream) => {
      for (const bytes of encodeInFlight(channels)) await stream.write(bytes)
      return stream.finish()
    })
    this.inFlightBytes = handle!.sizeBytes
    const { operatorId } = inFlight
    this.#stored.set(operatorId, { ...this.#stored.get(operatorId), inFlight: handle! })
  }

  async #storeOperatorState({
    states,
    bytes,
  }: OperatorSnapshot): Promise<OperatorStateHandle | undefined> {
    if (states.length === 0) return undefined
    const snapshot = await this.#intoStream('computed', async (stream) => {
      for (const part of bytes) await stream.write(part)
      return stream.finish()
    })
    return { states, snapshot: snapshot! }
  }

  async #storeKeyed(snapshot: KeyedSnapshot): Promise<KeyedStateHandle | undefined> {
    let shared: KeyedStateHandle['shared']
    // It has its checksum as it is encoded.
    const handle = await this.#intoStream('given', async (stream) => {
      await this.#encode(snapshot, stream)
      shared = await snapshot.storeShared?.(this.#options.streams)
      if (shared !== undefined) this.#stored.set('', { keyed: sharedOnly(snapshot, shared) })
      const { keyGroups, ...digest } = snapshot.finish()
      for (const bytes of snapshot.takePending()) await stream.write(bytes)
      const isWorthIt = keyGroups.length > 0 || (shared?.length ?? 0) > 0
      return isWorthIt ? stream.finish(digest) : undefined
    })
    this.#stored.delete('')
    if (handle === undefined) return undefined
    const { keyGroups } = snapshot
    return { keyGroups, snapshot: handle, ...(shared !== undefined && { shared }) }
  }

  /** Resolves when all slices are in the stream. */
  #encode(snapshot: KeyedSnapshot, stream: StateOutputStream): Promise<void> {
    return new Promise((resolve, reject) => {
      const encoding: Encoding = {
        snapshot,
        stream,
        waitingBytes: 0,
        encoded: () => encoding.writes.then(resolve, reject),
        // Not before the stream is at rest.
        failed: (error) => {
          const fail = () => reject(error)
          encoding.writes.then(fail, fail)
        },
        writes: Promise.resolve(),
      }
      this.#encoding = encoding
      this.#options.wake()
    })
  }

  #write(encoding: Encoding): void {
    for (const bytes of encoding.snapshot.takePending()) {
      encoding.waitingBytes += bytes.length
      encoding.writes = encoding.writes
        .then(() => encoding.stream.write(bytes))
        .then(() => {
          const wasFull = encoding.waitingBytes >= MAX_WAITING_BYTES
          encoding.waitingBytes -= bytes.length
          if (wasFull) this.#options.wake()
        })
    }
    encoding.writes.catch((error: unknown) => {
      if (this.#encoding === encoding) this.abort(error)
    })
  }

  /** @param write finishes the stream, or answers undefined: there is nothing worth a file */
  async #intoStream(
    digest: 'computed' | 'given',
    write: (stream: StateOutputStream) => Promise<StateHandle | undefined>,
  ): Promise<StateHandle | undefined> {
    this.#checkAborted()
    const stream = this.#options.streams.open('exclusive', { digest })
    try {
      const handle = await write(stream)
      if (handle !== undefined) return handle
    } catch (error) {
      await abortStream(stream, error)
      throw error
    }
    await stream.abort()
    return undefined
  }

  #checkAborted(): void {
    if (this.#abort !== undefined) throw this.#abort.reason
  }

  /** @returns `error`, with what could not be removed if there is such */
  async #discardAfter(error: unknown): Promise<unknown> {
    const { fileSystems } = this.#options
    const handles = [...this.#stored.values()].flatMap(newHandles)
    const results = await Promise.allSettled(
      handles.map((handle) => discardStateHandle(fileSystems, handle)),
    )
    const failures = results.flatMap((r) => (r.status === 'rejected' ? [r.reason] : []))
    if (failures.length === 0) return error
    const message = 'Could not store the state of a subtask, nor remove what there was of it'
    return new AggregateError([error, ...failures], message, { cause: error })
  }
}

/** For the files to be removed, should the rest fail. */
function sharedOnly(
  { keyGroups }: KeyedSnapshot,
  shared: NonNullable<KeyedStateHandle['shared']>,
): KeyedStateHandle {
  const snapshot: StateHandle = {
    kind: 'inline',
    bytes: new Uint8Array(0),
    sizeBytes: 0,
    checksum: 0,
  }
  return { keyGroups, snapshot, shared }
}

async function abortStream(stream: StateOutputStream, error: unknown): Promise<void> {
  try {
    await stream.abort()
  } catch (abortError) {
    throw new AggregateError([error, abortError], 'Could not write a file of state, nor remove it')
  }
}
