import { FlinkError } from '../errors/flink-error.js'

/** The configuration cannot be used: a value, a combination of values, or a file is wrong. */
export class IllegalConfigurationError extends FlinkError {
  /** The key whose value is wrong, if it is one key. */
  readonly key: string | undefined

  constructor(message: string, options: { key?: string | undefined; cause?: unknown } = {}) {
    super(message, { code: 'FLINK_ILLEGAL_CONFIGURATION', cause: options.cause })
    this.key = options.key
  }
}
