import type { FileSystems } from '@flink-ts/core'
import {
  type OperatorState,
  type OperatorSubtaskState,
  openStateHandle,
  SnapshotCorruptError,
  type StateHandle,
  type StateStreams,
} from '@flink-ts/state'

const CHUNK_BYTES = 1024 * 1024

/** The same operator with files of its own. The bytes of each are compared with its checksum. @throws SnapshotCorruptError */
export async function copyOperatorState(
  operator: OperatorState,
  context: { readonly fileSystems: FileSystems; readonly streams: StateStreams },
): Promise<OperatorState> {
  const copy = (handle: StateHandle) => copyHandle(handle, context)
  const subtasks = new Map<number, OperatorSubtaskState>()
  for (const [subtask, state] of operator.subtasks) {
    const { keyed, operator: own, inFlight } = state
    const shared = []
    for (const { key, handle } of keyed?.shared ?? []) {
      shared.push({ key, ...(handle && { handle: await copy(handle) }) })
    }
    subtasks.set(subtask, {
      ...state,
      ...(keyed && {
        keyed: {
          ...keyed,
          snapshot: await copy(keyed.snapshot),
          ...(keyed.shared && { shared }),
        },
      }),
      ...(own && { operator: { ...own, snapshot: await copy(own.snapshot) } }),
      ...(inFlight && { inFlight: await copy(inFlight) }),
    })
  }
  return { ...operator, subtasks }
}

/** The same bytes in a file of its own. @throws SnapshotCorruptError */
export async function copyHandle(
  handle: StateHandle,
  { fileSystems, streams }: { fileSystems: FileSystems; streams: StateStreams },
): Promise<StateHandle> {
  if (handle.kind === 'inline') return handle
  const source = await openStateHandle(fileSystems, handle)
  const stream = streams.open('exclusive')
  try {
    for (let position = 0; position < source.sizeBytes; ) {
      // Kept by the stream until the next write: a new one each time.
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, source.sizeBytes - position))
      const read = await source.read(chunk, position)
      if (read === 0) break
      await stream.write(chunk.subarray(0, read))
      position += read
    }
    const copy = await stream.finish()
    if (copy.checksum === handle.checksum) return copy
    const found = 'its checksum is not the one that its checkpoint says'
    throw new SnapshotCorruptError({ path: handle.path, position: 0, found })
  } catch (error) {
    await stream.abort()
    throw error
  } finally {
    await source.close()
  }
}
