import type { LogFields, Logger, LogLevel } from '@flink-ts/core'
import type { SimulationTrace } from './simulation-trace.js'

export interface TraceLoggerOptions {
  /** Lines of level debug count as well, which makes another hash. Default false. */
  readonly debug?: boolean
  /** Hears of each line, whatever its level. */
  readonly observe?: (level: LogLevel, message: string, fields: LogFields) => void
}

/** Puts log lines from level info on into the trace. Errors count with name, code and message. */
export class TraceLogger implements Logger {
  readonly #trace: SimulationTrace
  readonly #source: string
  readonly #bindings: LogFields
  readonly #options: TraceLoggerOptions

  constructor(
    trace: SimulationTrace,
    source: string,
    options: TraceLoggerOptions = {},
    bindings: LogFields = {},
  ) {
    this.#trace = trace
    this.#source = source
    this.#options = options
    this.#bindings = bindings
  }

  error(message: string, fields?: LogFields): void {
    this.#log('error', message, fields)
  }

  warn(message: string, fields?: LogFields): void {
    this.#log('warn', message, fields)
  }

  info(message: string, fields?: LogFields): void {
    this.#log('info', message, fields)
  }

  debug(message: string, fields?: LogFields): void {
    this.#log('debug', message, fields)
  }

  child(fields: LogFields): Logger {
    const bindings = { ...this.#bindings, ...fields }
    return new TraceLogger(this.#trace, this.#source, this.#options, bindings)
  }

  #log(level: LogLevel, message: string, fields: LogFields = {}): void {
    const { debug = false, observe } = this.#options
    const all = { ...this.#bindings, ...fields }
    observe?.(level, message, all)
    if (this.#trace.isOff || (level === 'debug' && !debug)) return
    const text = Object.entries(all)
      .map(([key, value]) => ` ${key}=${render(value)}`)
      .join('')
    this.#trace.add(this.#source, `${level.toUpperCase()} ${message}${text}`)
  }
}

function render(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) return String(value)
  return JSON.stringify(value, (_key, part: unknown) => plain(part))
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (value instanceof Map) return [...value]
  if (value instanceof Set) return [...value]
  // Errors, also serialized ones: their stacks name files and lines.
  if (value instanceof Error) {
    const { name, message, cause } = value
    return { name, code: (value as { code?: unknown }).code, message, cause }
  }
  if ('stack' in value) return { ...value, stack: undefined }
  return value
}
