import { Writable } from 'node:stream'
import winston from 'winston'
import type { Clock } from '../clock/clock.js'
import { SystemClock } from '../clock/system-clock.js'
import { formatLogLine, type LogEntry } from './format-log-line.js'
import type { LogFields, Logger, LogLevel } from './logger.js'
import { RollingFile } from './rolling-file.js'

export interface CreateLoggerOptions {
  /** Least severity that is written. */
  readonly level: LogLevel
  /** Log file; its folder is made if it is missing. */
  readonly file?: string
  /** Whether lines go to standard error. Default: only without `file`. */
  readonly console?: boolean
  /** How many old files are kept (`env.log.max`). Default 10. */
  readonly maxFiles?: number
  /** Size at which a new file begins. Default 100 MB. */
  readonly maxFileBytes?: number
  /** Default: the machine's clock. */
  readonly clock?: Clock
}

/** A logger that owns its file. */
export interface CloseableLogger extends Logger {
  /** Resolves when all lines are where they belong. Later lines are dropped. Idempotent. */
  close(): Promise<void>
}

const DEFAULT_MAX_FILE_BYTES = 100 * 1024 * 1024

/**
 * The logger of a process: to a rotated file, to standard error, or both; never to standard output.
 *
 * @throws Error of the file system if the log file cannot be opened
 */
export function createLogger(options: CreateLoggerOptions): CloseableLogger {
  const clock = options.clock ?? new SystemClock()
  const targets: Writable[] = []
  let file: RollingFile | undefined
  if (options.file !== undefined) {
    file = new RollingFile(options.file, {
      maxBytes: options.maxFileBytes ?? DEFAULT_MAX_FILE_BYTES,
      maxFiles: options.maxFiles ?? 10,
    })
    targets.push(lineStream(writerTo(file, options.file)))
  }
  if (options.console ?? options.file === undefined) {
    targets.push(lineStream((line) => void process.stderr.write(line)))
  }
  const backend = winston.createLogger({
    level: options.level,
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    format: winston.format.printf((info) => formatLogLine(info['entry'] as LogEntry)),
    transports: targets.map((stream) => new winston.transports.Stream({ stream, eol: '\n' })),
  })
  const state = { closed: false }
  let closing: Promise<void> | undefined
  return Object.assign(new WinstonLogger(backend, clock, state), {
    close: () => {
      state.closed = true
      closing ??= closeBackend(backend, file)
      return closing
    },
  })
}

async function closeBackend(backend: winston.Logger, file: RollingFile | undefined) {
  const finished = [...backend.transports].map(
    (transport) => new Promise<void>((resolve) => transport.once('finish', resolve)),
  )
  backend.end()
  await Promise.all(finished)
  file?.close()
  // What was given to a pipe or terminal must have left the process.
  await new Promise<void>((resolve) => void process.stderr.write('', () => resolve()))
}

class WinstonLogger implements Logger {
  readonly #backend: winston.Logger
  readonly #clock: Clock
  /** Shared with all children. */
  readonly #state: { readonly closed: boolean }
  readonly #bindings: LogFields

  constructor(
    backend: winston.Logger,
    clock: Clock,
    state: { readonly closed: boolean },
    bindings: LogFields = {},
  ) {
    this.#backend = backend
    this.#clock = clock
    this.#state = state
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
    return new WinstonLogger(this.#backend, this.#clock, this.#state, {
      ...this.#bindings,
      ...fields,
    })
  }

  #log(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (this.#state.closed || !this.#backend.isLevelEnabled(level)) return
    const entry: LogEntry = {
      timeMs: this.#clock.now(),
      level,
      message,
      bindings: this.#bindings,
      fields,
    }
    this.#backend.log({ level, message, entry })
  }
}

/** A stream whose every write has happened when the log call returns. */
function lineStream(write: (line: string) => void): Writable {
  return new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      write(line)
      done()
    },
  })
}

/** A full disk must not fail whoever logs: it is reported once, on standard error. */
function writerTo(file: RollingFile, path: string): (line: string) => void {
  let failed = false
  return (line) => {
    try {
      file.write(line)
      failed = false
    } catch (error) {
      if (!failed) process.stderr.write(`Cannot write the log file ${path}: ${error}\n`)
      failed = true
    }
  }
}
