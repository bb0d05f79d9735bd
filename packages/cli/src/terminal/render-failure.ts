import { FlinkError, renderErrorChain, type SerializedError, serializeError } from '@flink-ts/core'
import type { Terminal } from './terminal.js'

/** Lines of causes that are shown: an error stays on one screen. */
const LINES_SHOWN = 40

/** The chain of an error without the stacks of this command itself: only what the user's code did is of use. */
function withoutOwnStacks(error: SerializedError): SerializedError {
  const { stack, cause, ...rest } = error
  const keep = error.code === undefined ? { stack } : {}
  return { ...rest, ...keep, ...(cause === undefined ? {} : { cause: withoutOwnStacks(cause) }) }
}

/** Shows why a command failed, in the form that Flink's command line has. */
export function renderFailure(terminal: Terminal, error: unknown, verbose: boolean): void {
  const known = FlinkError.is(error)
  const serialized = serializeError(error)
  const chain = renderErrorChain(verbose ? serialized : withoutOwnStacks(serialized))
  const lines = chain.split('\n')
  terminal.err()
  terminal.err('-'.repeat(60))
  terminal.err(' The program finished with the following exception:')
  terminal.err()
  for (const line of verbose ? lines : lines.slice(0, LINES_SHOWN)) terminal.err(line)
  if (!verbose && lines.length > LINES_SHOWN) {
    terminal.err(`… ${lines.length - LINES_SHOWN} more lines; --verbose shows them`)
  }
  if (!known && !verbose) terminal.err('(--verbose shows the stack)')
}
