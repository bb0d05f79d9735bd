import type { LogFields, Logger, LogLevel } from '@flink-ts/core'
import type { TaskThreadReport } from './task-thread-messages.js'

/** A logger of a task's thread: its lines are written by the main thread's. */
export function threadLogger(
  report: (message: TaskThreadReport) => void,
  inherited: LogFields,
): Logger {
  const write = (level: LogLevel, message: string, fields: LogFields = {}) =>
    report({ type: 'log', level, message, fields: cloneable({ ...inherited, ...fields }) })
  return {
    error: (message, fields) => write('error', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    info: (message, fields) => write('info', message, fields),
    debug: (message, fields) => write('debug', message, fields),
    child: (fields) => threadLogger(report, { ...inherited, ...fields }),
  }
}

/** What cannot be sent to another thread, such as a function, is sent as its text. */
function cloneable(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (value instanceof Error) return [name, value.stack ?? value.message]
      const isData = value === null || ['string', 'number', 'boolean'].includes(typeof value)
      return [name, isData ? value : String(value)]
    }),
  )
}
