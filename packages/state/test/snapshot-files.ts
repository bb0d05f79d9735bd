import { crc32 } from 'node:zlib'
import type { KeyGroupRange } from '@flink-ts/core'
import {
  type KeyedRestore,
  type KeyedRestorePart,
  type KeyedSnapshot,
  type KeyedStateHandle,
  type OpenStateHandle,
  type OperatorSnapshot,
  type OperatorStateHandle,
  snapshotSourceOfBytes,
} from '@flink-ts/state'

/** Opens handles that have their bytes in them. */
export const openInline: OpenStateHandle = async (handle) => {
  if (handle.kind !== 'inline') throw new Error(`${handle.path} is no inline handle`)
  return { ...snapshotSourceOfBytes(handle.bytes, '(inline)'), async close() {} }
}

export function inlineHandle(bytes: Buffer): KeyedStateHandle['snapshot'] {
  return { kind: 'inline', bytes, sizeBytes: bytes.length, checksum: crc32(bytes) }
}

/** Writes the rest of a snapshot. */
export function completeSnapshot(snapshot: KeyedSnapshot): KeyedStateHandle {
  const chunks: Buffer[] = []
  try {
    while (!snapshot.writeSlice(1)) chunks.push(...snapshot.takePending())
    snapshot.finish()
    chunks.push(...snapshot.takePending())
  } finally {
    snapshot.release()
  }
  return { keyGroups: snapshot.keyGroups, snapshot: inlineHandle(Buffer.concat(chunks)) }
}

/** All of these handles, as far as `range` goes. */
export function restoreOf(
  handles: readonly KeyedStateHandle[],
  range: KeyGroupRange,
): KeyedRestore {
  const parts: KeyedRestorePart[] = handles.map((handle) => ({
    handle,
    keyGroups: {
      start: Math.max(range.start, handle.keyGroups.start),
      end: Math.min(range.end, handle.keyGroups.end),
    },
  }))
  return { parts, open: openInline }
}

export function operatorHandle({ states, bytes }: OperatorSnapshot): OperatorStateHandle {
  return { states, snapshot: inlineHandle(Buffer.concat(bytes)) }
}
