import { type FileSystems, FlinkError, type Random } from '@flink-ts/core'
import { discardStateHandle, FileSystemCheckpointStorage, newHandles } from '@flink-ts/state'

/**
 * Removes a savepoint, or a checkpoint that outlived its job, with all its state. `_metadata` goes first: what is left
 * after a failure is not restorable.
 *
 * @param path of its folder or of its `_metadata`
 * @param options.userOf the job that may begin with what is in a folder again; default: there is none
 * @throws CheckpointNotFoundError (FLINK_CHECKPOINT_NOT_FOUND), SnapshotCorruptError, SnapshotVersionError
 * @throws FlinkError FLINK_SAVEPOINT_IN_USE; nothing is removed then
 */
export async function disposeSavepoint(
  path: string,
  {
    fileSystems,
    random,
    userOf = () => undefined,
  }: {
    fileSystems: FileSystems
    random: Random
    userOf?: (directory: string) => string | undefined
  },
): Promise<void> {
  const storage = new FileSystemCheckpointStorage({ fileSystems, random, jobId: '' })
  const { metadata, directory } = await storage.open(path)
  const user = userOf(directory)
  if (user !== undefined) {
    throw new FlinkError(
      `Cannot dispose of ${directory}: job ${user} runs and would begin with it again after a failure; it may go when the job has a newer checkpoint of its own, or has ended`,
      { code: 'FLINK_SAVEPOINT_IN_USE' },
    )
  }
  const handles = metadata.operators.flatMap(({ subtasks }) =>
    [...subtasks.values()].flatMap(newHandles),
  )
  await storage.discard(directory)
  for (const handle of handles) await discardStateHandle(fileSystems, handle)
}
