import { FlinkError } from './flink-error.js'

/**
 * Thrown by a user function, it ends the job at once, whatever its restart strategy: trying again cannot help.
 * Wherever it stands in a chain of causes, it is found.
 */
export class SuppressRestartsException extends FlinkError {
  /** @param cause what happened; an error or anything else that was thrown */
  constructor(cause: unknown) {
    super('Unrecoverable failure. This suppresses job restarts. See its cause.', {
      code: 'FLINK_SUPPRESS_RESTARTS',
      cause,
    })
  }
}
