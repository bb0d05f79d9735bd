/** `error`: a person must act. `warn`: something went wrong and was handled. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug'

/** What varies from line to line. */
export type LogFields = Readonly<Record<string, unknown>>

/**
 * Where components log. The message is constant text; what varies goes into `fields`
 * (ids first), so that lines can be searched and counted.
 */
export interface Logger {
  error(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  debug(message: string, fields?: LogFields): void
  /** A logger that adds `fields` (component, jobId, …) to every line. */
  child(fields: LogFields): Logger
}

/** Discards everything. */
export const noopLogger: Logger = {
  error() {},
  warn() {},
  info() {},
  debug() {},
  child() {
    return noopLogger
  },
}
