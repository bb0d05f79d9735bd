import type { FileSystems, Random } from '@flink-ts/core'
import { discardStateHandle, FileSystemCheckpointStorage, newHandles } from '@flink-ts/state'

/**
 * Removes a savepoint, or a checkpoint that outlived its job, with all its state. `_metadata` goes first: what is left
 * after a failure is not restorable.
 *
 * @param path of its folder or of its `_metadata`
 * @throws CheckpointNotFoundError (FLINK_CHECKPOINT_NOT_FOUND), SnapshotCorruptError, SnapshotVersionError
 */
export async function disposeSavepoint(
  path: string,
  { fileSystems, random }: { fileSystems: FileSystems; random: Random },
): Promise<void> {
  const storage = new FileSystemCheckpointStorage({ fileSystems, random, jobId: '' })
  const { metadata, directory } = await storage.open(path)
  const handles = metadata.operators.flatMap(({ subtasks }) =>
    [...subtasks.values()].flatMap(newHandles),
  )
  await storage.discard(directory)
  for (const handle of handles) await discardStateHandle(fileSystems, handle)
}
