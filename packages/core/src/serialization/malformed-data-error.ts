import { FlinkError } from '../errors/flink-error.js'

/** Bytes that no encoder of this version writes: damaged, truncated, or made up. */
export class MalformedDataError extends FlinkError {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, { code: 'FLINK_MALFORMED_DATA', cause: options.cause })
  }
}
