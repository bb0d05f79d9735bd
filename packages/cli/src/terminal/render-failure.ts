import { FlinkError, renderErrorChain, type SerializedError, serializeError } from '@flink-ts/core'
import type { Terminal } from './terminal.js'

/** Lines of causes that are shown: an error stays on one screen. */
const LINES_SHOWN = 40

/** Frames of Node.js itself and of this system's packages, in a checkout or an assembled installation, which has them in chunks. */
const OWN_FRAME = /\(?(?:node:|.*\/(?:node_modules\/@flink-ts\/|packages\/[\w-]+\/dist\/))/

/** The chain of an error with the stacks of the user's code alone: nothing else is of use to its author. */
function withoutOwnStacks(error: SerializedError): SerializedError {
  const { stack, cause, ...rest } = error
  const keep = error.code === undefined && stack !== undefined ? { stack: userFrames(stack) } : {}
  return { ...rest, ...keep, ...(cause === undefined ? {} : { cause: withoutOwnStacks(cause) }) }
}

function userFrames(stack: string): string {
  const lines = stack.split('\n')
  return lines.filter((line) => !/^\s+at /.test(line) || !OWN_FRAME.test(line)).join('\n')
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
  if (!known && !verbose) terminal.err('(--verbose shows the whole stack)')
}
