import { FlinkError } from '@flink-ts/core'

/** A sink could not make its output visible. */
export class CommitFailedError extends FlinkError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'FLINK_COMMIT_FAILED', cause })
  }
}
