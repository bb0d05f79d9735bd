import { FlinkError } from '@flink-ts/core'

/** Where a command writes; handed in, so that tests read it. */
export interface Terminal {
  /** The answer: one line to standard output. */
  out(line?: string): void
  /** Everything else: one line to standard error. */
  err(line?: string): void
  /** Replaces the progress line at the bottom of a terminal; does nothing elsewhere. */
  progress(line: string): void
  readonly interactive: boolean
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { stdout, stderr } = process
  let shown = false
  const clear = () => {
    if (shown) stderr.write('\r\u001b[2K')
    shown = false
  }
  return {
    interactive: stderr.isTTY === true,
    out(line = '') {
      clear()
      stdout.write(`${line}\n`)
    },
    err(line = '') {
      clear()
      stderr.write(`${line}\n`)
    },
    progress(line) {
      if (stderr.isTTY !== true) return
      clear()
      stderr.write(line.slice(0, Math.max(20, (stderr.columns ?? 80) - 1)))
      shown = line !== ''
    },
  }
}

/** Wrong words on the command line; shown with a hint at the help, without a rule or a stack. */
export class CliArgumentError extends FlinkError {
  constructor(message: string) {
    super(message, { code: 'FLINK_CLI_ARGUMENT' })
  }
}
