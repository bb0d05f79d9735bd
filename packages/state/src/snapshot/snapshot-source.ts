import type { FileInputStream } from '@flink-ts/core'

/** Bytes that a snapshot is read from: a file, or what was inlined. */
export interface SnapshotSource {
  /** For messages. */
  readonly path: string
  readonly sizeBytes: number
  /** Reads up to `target.length` bytes at `position`. @returns how many; 0 at the end */
  read(target: Uint8Array, position: number): Promise<number>
}

/** Reads from memory; `path` is for messages. */
export function snapshotSourceOfBytes(bytes: Uint8Array, path: string): SnapshotSource {
  return {
    path,
    sizeBytes: bytes.length,
    async read(target, position) {
      const part = bytes.subarray(position, position + target.length)
      target.set(part)
      return part.length
    },
  }
}

/** Reads an open file, which its owner closes. */
export function snapshotSourceOfFile(
  stream: FileInputStream,
  facts: { path: string; sizeBytes: number },
): SnapshotSource {
  return { ...facts, read: (target, position) => stream.read(target, position) }
}
