import type { FileSystems, KeyGroupRange } from '@flink-ts/core'
import type { FileDigest } from '../snapshot/frame-writer.js'
import type { OperatorStateKind } from '../snapshot/snapshot-description.js'
import { SnapshotCorruptError } from '../snapshot/snapshot-errors.js'
import {
  type SnapshotSource,
  snapshotSourceOfBytes,
  snapshotSourceOfFile,
} from '../snapshot/snapshot-source.js'

/** Where the bytes of one file of a snapshot are: in the metadata, or in a file. */
export type StateHandle =
  | ({ readonly kind: 'inline'; readonly bytes: Uint8Array } & FileDigest)
  | ({ readonly kind: 'file'; readonly path: string } & FileDigest)

/** A file that several checkpoints use. Without `handle` it is one that an earlier checkpoint brought. */
export interface SharedState {
  /** Names its content within the operator subtask that made it. */
  readonly key: string
  readonly handle?: StateHandle
}

/** The keyed state of one operator subtask. */
export interface KeyedStateHandle {
  readonly keyGroups: KeyGroupRange
  /** A file in the format of docs/state-format.md, or what a backend needs to find its way in the shared files. */
  readonly snapshot: StateHandle
  /** Of incremental checkpoints: files of the backend. */
  readonly shared?: readonly SharedState[]
}

/** The operator state of one operator subtask. */
export interface OperatorStateHandle {
  readonly snapshot: StateHandle
  /** In the order of the file's description. */
  readonly states: readonly {
    readonly name: string
    readonly kind: OperatorStateKind
    readonly elements: number
  }[]
}

/** What one subtask of one operator has in a checkpoint. */
export interface OperatorSubtaskState {
  readonly keyed?: KeyedStateHandle
  readonly operator?: OperatorStateHandle
  /** Of the head of a task: what barriers of an unaligned checkpoint have overtaken, in its inputs and outputs. */
  readonly inFlight?: StateHandle
  /** The subtask had ended; it has no state and needs none. */
  readonly finished?: boolean
}

/** The bytes of a file of state; `close` must be called. */
export type OpenedState = SnapshotSource & {
  /** It is a file of this machine, whose bytes have been checked, and which is never changed. Absent: it need not be. */
  readonly localPath?: string
  close(): Promise<void>
}

/** Finds and opens a file of state. @throws SnapshotCorruptError, FileNotFoundError */
export type OpenStateHandle = (handle: StateHandle) => Promise<OpenedState>

/** Opens the bytes; `close` must be called. @throws SnapshotCorruptError if the file has another size, FileNotFoundError */
export async function openStateHandle(
  fileSystems: FileSystems,
  handle: StateHandle,
): Promise<OpenedState> {
  if (handle.kind === 'inline') {
    return { ...snapshotSourceOfBytes(handle.bytes, '(inline)'), async close() {} }
  }
  const { path, sizeBytes } = handle
  const fileSystem = fileSystems.forPath(path)
  const { lengthBytes } = await fileSystem.getFileStatus(path)
  if (lengthBytes !== BigInt(sizeBytes)) {
    const found = `it has ${lengthBytes} bytes, its checkpoint says ${sizeBytes}`
    throw new SnapshotCorruptError({ path, position: Number(lengthBytes), found })
  }
  const stream = await fileSystem.open(path)
  return { ...snapshotSourceOfFile(stream, { path, sizeBytes }), close: () => stream.close() }
}

/** All files and inlined parts of one subtask's state that belong to this checkpoint alone. */
export function exclusiveHandles({
  keyed,
  operator,
  inFlight,
}: OperatorSubtaskState): StateHandle[] {
  return [keyed?.snapshot, operator?.snapshot, inFlight].filter((handle) => handle !== undefined)
}

/** Files of one subtask's state that are new with this checkpoint, exclusive or shared. */
export function newHandles(state: OperatorSubtaskState): StateHandle[] {
  const shared = (state.keyed?.shared ?? []).flatMap(({ handle }) => handle ?? [])
  return [...exclusiveHandles(state), ...shared]
}

/** Bytes of one subtask's state: all of it, and what this checkpoint had to write. */
export function sizesOf(
  state: OperatorSubtaskState,
  sharedSizeBytes: (key: string) => number = () => 0,
): { stateSize: number; checkpointedSize: number } {
  let stateSize = 0
  let checkpointedSize = 0
  for (const { sizeBytes } of newHandles(state)) {
    stateSize += sizeBytes
    checkpointedSize += sizeBytes
  }
  for (const { key, handle } of state.keyed?.shared ?? []) {
    if (handle === undefined) stateSize += sharedSizeBytes(key)
  }
  return { stateSize, checkpointedSize }
}

/** Removes the file of a handle, if it has one. Idempotent. */
export async function discardStateHandle(
  fileSystems: FileSystems,
  handle: StateHandle,
): Promise<void> {
  if (handle.kind !== 'file') return
  await fileSystems.forPath(handle.path).delete(handle.path, { recursive: false })
}
