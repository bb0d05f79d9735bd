import { createInterface } from 'node:readline'
import { checkConfiguration, loadConfiguration, SystemClock } from '@flink-ts/core'
import { INTERRUPTED, isInterruption } from './actions/run/interruption.js'
import { type ParsedArguments, parseArguments } from './arguments/option-parser.js'
import { VERBOSE } from './arguments/options.js'
import { configurationFolder } from './flink-home.js'
import { onInterrupt } from './terminal/on-interrupt.js'
import { renderFailure } from './terminal/render-failure.js'
import { CliArgumentError, processTerminal } from './terminal/terminal.js'
import {
  sessionConfiguration,
  YARN_SESSION_OPTIONS,
  yarnSession,
} from './yarn/yarn-session-command.js'

const terminal = processTerminal()

/** Without taking over the terminal: Ctrl-C stays a signal. */
function readLines(listener: (line: string) => void): () => void {
  const lines = createInterface({ input: process.stdin, terminal: false })
  lines.on('line', listener)
  return () => {
    lines.close()
    // Otherwise an input that somebody keeps open would keep this process.
    process.stdin.destroy()
  }
}

async function main(words: readonly string[]): Promise<number> {
  let args: ParsedArguments | undefined
  try {
    args = parseArguments(words, YARN_SESSION_OPTIONS)
    const { configuration } = await loadConfiguration({
      confDir: configurationFolder(process.env),
      env: process.env,
    })
    const workingDirectory = process.cwd()
    const { said } = sessionConfiguration(args, configuration, workingDirectory)
    for (const { message, severity } of checkConfiguration(said)) {
      if (severity !== 'error') terminal.err(`Warning: ${message}`)
    }
    return await yarnSession(args, {
      terminal,
      clock: new SystemClock(),
      environment: process.env,
      workingDirectory,
      configuration,
      onInterrupt,
      readLines,
    })
  } catch (error) {
    if (error instanceof CliArgumentError) {
      terminal.out(error.message)
      terminal.out()
      terminal.out('Use the help option (-h or --help) to get help on the command.')
      return 1
    }
    if (isInterruption(error)) {
      terminal.err((error as Error).message)
      return INTERRUPTED
    }
    renderFailure(terminal, error, args?.has(VERBOSE) ?? false)
    return 1
  }
}

process.exitCode = await main(process.argv.slice(2))
