import type { LogFields, Logger, LogLevel } from '@flink-ts/core'

export interface LogLine extends LogFields {
  readonly level: LogLevel
  readonly message: string
}

/** Keeps what it is told. */
export class RecordingLog implements Logger {
  readonly lines: LogLine[] = []

  debug(message: string, fields?: LogFields): void {
    this.lines.push({ ...fields, level: 'debug', message })
  }
  info(message: string, fields?: LogFields): void {
    this.lines.push({ ...fields, level: 'info', message })
  }
  warn(message: string, fields?: LogFields): void {
    this.lines.push({ ...fields, level: 'warn', message })
  }
  error(message: string, fields?: LogFields): void {
    this.lines.push({ ...fields, level: 'error', message })
  }
  child(): Logger {
    return this
  }

  at(level: LogLevel): LogLine[] {
    return this.lines.filter((line) => line.level === level)
  }
}
