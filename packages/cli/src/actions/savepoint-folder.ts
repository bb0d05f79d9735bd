import { FlinkError } from '@flink-ts/core'

/**
 * What a cluster says that was not told where to put a savepoint, in words of the command line.
 *
 * @param remedy what to add to the command
 * @throws FlinkError FLINK_CLI_NO_SAVEPOINT_FOLDER; what `asked` rejects with otherwise
 */
export async function withSavepointFolder<T>(asked: Promise<T>, remedy: string): Promise<T> {
  try {
    return await asked
  } catch (error) {
    if (!FlinkError.is(error) || !/Property \[[^\]]+\] must be provided/.test(error.message)) {
      throw error
    }
    throw new FlinkError(
      `No savepoint is taken: neither the cluster nor the job has a folder for savepoints (execution.checkpointing.savepoint-dir). ${remedy}`,
      { code: 'FLINK_CLI_NO_SAVEPOINT_FOLDER', cause: error },
    )
  }
}
