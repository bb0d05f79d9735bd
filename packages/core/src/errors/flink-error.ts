const MARK = Symbol.for('@flink-ts/core/FlinkError')

export interface FlinkErrorOptions {
  /** Stable, documented name for programs to test, such as `FLINK_SLOT_TIMEOUT`. */
  code: string
  /** Whether the same call may succeed when repeated unchanged. Default false. */
  retriable?: boolean
  cause?: unknown
}

/**
 * Base of every operating error. A broken invariant is an `AssertionError`, never one of these.
 * The message says what was attempted, on what, what happened and, where known, what would be right.
 */
export class FlinkError extends Error {
  readonly code: string
  readonly retriable: boolean

  constructor(message: string, options: FlinkErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = options.code
    this.retriable = options.retriable ?? false
    Object.defineProperty(this, MARK, { value: true })
  }

  /** Holds across worker threads' module copies and two installed copies, where `instanceof` does not. */
  static is(value: unknown): value is FlinkError {
    return typeof value === 'object' && value !== null && MARK in value
  }
}
