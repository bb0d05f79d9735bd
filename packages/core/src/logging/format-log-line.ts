import { inspect } from 'node:util'
import { renderErrorChain } from '../errors/serialize-error.js'
import type { LogFields, LogLevel } from './logger.js'

/** What one log line says. */
export interface LogEntry {
  readonly timeMs: number
  readonly level: LogLevel
  readonly message: string
  /** Fields of the logger: component and ids. */
  readonly bindings: LogFields
  /** Fields of this line. */
  readonly fields: LogFields
}

/**
 * One log line in the order of Flink's pattern:
 * `yyyy-MM-dd HH:mm:ss,SSS LEVEL component [id=…] - message key=value`, local time.
 * The stacks of errors among the fields follow on lines of their own.
 */
export function formatLogLine(entry: LogEntry): string {
  const { component, ...ids } = entry.bindings
  const idText = pairs(ids)
  const errors = Object.values(entry.fields).filter(isErrorLike)
  const own = Object.fromEntries(
    Object.entries(entry.fields).filter(([, value]) => !isErrorLike(value)),
  )
  const fieldText = pairs(own)
  const head = `${timestamp(entry.timeMs)} ${entry.level.toUpperCase().padEnd(5)} ${component ?? 'flink'}`
  const line = `${head}${idText === '' ? '' : ` [${idText}]`} - ${entry.message}${fieldText === '' ? '' : ` ${fieldText}`}`
  return [line, ...errors.map(renderErrorChain)].join('\n')
}

/** Errors, and errors that came from another thread or process. */
function isErrorLike(value: unknown): value is Error {
  if (value instanceof Error) return true
  const { name, message } = (value ?? {}) as { name?: unknown; message?: unknown }
  return typeof value === 'object' && typeof name === 'string' && typeof message === 'string'
}

function timestamp(ms: number): string {
  const d = new Date(ms)
  const two = (n: number) => String(n).padStart(2, '0')
  const date = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`
  const time = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`
  return `${date} ${time},${String(d.getMilliseconds()).padStart(3, '0')}`
}

function pairs(fields: LogFields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${valueText(value)}`)
    .join(' ')
}

function valueText(value: unknown): string {
  if (typeof value === 'string') {
    // Quoted, a value cannot pretend to be another field or another line.
    return /^[^\s"=\p{Cc}]+$/u.test(value) ? value : JSON.stringify(value)
  }
  if (typeof value !== 'object' || value === null) return String(value)
  return inspect(value, { depth: 3, breakLength: Number.POSITIVE_INFINITY, compact: true })
}
