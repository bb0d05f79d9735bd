import type { KeyedSnapshot } from '../keyed-snapshot.js'
import type { OperatorSnapshot } from '../operator/operator-state-backend.js'
import type { KeyedStateHandle, OperatorStateHandle } from './state-handle.js'
import type { StateOutputStream, StateStreams } from './state-output-stream.js'

/**
 * Brings a snapshot into a file, by slices in the caller's thread, and releases it, whatever happens. When it fails, what was
 * written is removed.
 *
 * @param nextSlice resolves when the thread has time for a slice, with the ms that it may take
 * @returns undefined: there is no keyed state
 * @throws StateValueError, and what the file system throws
 */
export async function storeKeyedSnapshot(
  snapshot: KeyedSnapshot,
  streams: StateStreams,
  nextSlice: () => Promise<number>,
): Promise<KeyedStateHandle | undefined> {
  try {
    const stream = streams.open('exclusive', { digest: 'given' })
    return await writing(stream, async () => {
      for (let isWritten = false; !isWritten; ) {
        isWritten = snapshot.writeSlice(await nextSlice())
        await writeAll(stream, snapshot.takePending())
      }
      const shared = await snapshot.storeShared?.(streams)
      const { keyGroups, ...digest } = snapshot.finish()
      const hasShared = shared !== undefined && shared.length > 0
      if (keyGroups.length === 0 && !hasShared) return undefined
      await writeAll(stream, snapshot.takePending())
      return {
        keyGroups: snapshot.keyGroups,
        snapshot: await stream.finish(digest),
        ...(hasShared && { shared }),
      }
    })
  } finally {
    snapshot.release()
  }
}

/** Brings a snapshot of operator state into a file. @returns undefined: there is no operator state */
export async function storeOperatorSnapshot(
  { states, bytes }: OperatorSnapshot,
  streams: StateStreams,
): Promise<OperatorStateHandle | undefined> {
  if (states.length === 0) return undefined
  const stream = streams.open('exclusive')
  return writing(stream, async () => {
    await writeAll(stream, bytes)
    return { snapshot: await stream.finish(), states }
  })
}

async function writing<R>(stream: StateOutputStream, write: () => Promise<R>): Promise<R> {
  try {
    return await write()
  } finally {
    // Nothing happens after `finish`; otherwise there was no state or an error.
    await stream.abort()
  }
}

async function writeAll(stream: StateOutputStream, chunks: readonly Buffer[]): Promise<void> {
  for (const chunk of chunks) await stream.write(chunk)
}
