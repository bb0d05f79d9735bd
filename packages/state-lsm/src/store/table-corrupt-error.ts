import { FlinkError } from '@flink-ts/core'

/** A file of local state is not what was written. A restart reads it from the checkpoint again. */
export class TableCorruptError extends FlinkError {
  readonly file: string
  readonly position: number

  constructor(file: string, position: number, found: string) {
    super(
      `Could not read the file ${file} of keyed state at byte ${position}: ${found}. The disk or whoever else writes below io.tmp.dirs is at fault.`,
      { code: 'FLINK_STATE_TABLE_CORRUPT', retriable: true },
    )
    this.file = file
    this.position = position
  }
}
