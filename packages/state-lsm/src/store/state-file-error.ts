import { CoreOptions, FlinkError } from '@flink-ts/core'

/** A file of keyed state could not be made, written or read. */
export class StateFileError extends FlinkError {
  readonly path: string

  /** @param what was attempted, such as `write` */
  constructor(what: string, path: string, cause: unknown) {
    super(
      `Cannot ${what} ${path}, where keyed state is: ${(cause as Error).message}; ${CoreOptions.TMP_DIRS.key} names folders for such files`,
      { code: 'FLINK_STATE_FILE', retriable: true, cause },
    )
    this.path = path
  }
}
