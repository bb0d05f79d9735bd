import { FlinkError } from '@flink-ts/core'

/** A blocking result could not be written to its folder. Another TaskManager, or another disk, may be able to. */
export class ShuffleFileError extends FlinkError {
  readonly partitionId: string
  readonly folder: string

  constructor(facts: { what: string; partitionId: string; folder: string; cause: unknown }) {
    const { what, partitionId, folder, cause } = facts
    const why = cause instanceof Error ? cause.message : String(cause)
    super(
      `Could not ${what} the files of partition ${partitionId} in ${folder}: ${why}; ` +
        'io.tmp.dirs must name folders with room for the results of batch stages',
      { code: 'FLINK_SHUFFLE_FILE', retriable: true, cause },
    )
    this.partitionId = partitionId
    this.folder = folder
  }
}
