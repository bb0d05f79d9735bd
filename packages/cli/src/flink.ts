import { FLINK_TS_VERSION, SystemClock } from '@flink-ts/core'
import type { Action, ActionContext } from './actions/action.js'
import { type ParsedArguments, parseArguments } from './arguments/option-parser.js'
import { HELP, VERBOSE } from './arguments/options.js'
import { actionConfiguration, dynamicPropertyWarnings } from './configuration.js'
import { onInterrupt } from './terminal/on-interrupt.js'
import { CliArgumentError, processTerminal } from './terminal/terminal.js'

/** Actions are loaded when they are asked for: `flink list` needs no compiler. */
const ACTIONS: Readonly<Record<string, () => Promise<Action>>> = {
  run: async () => (await import('./actions/run.js')).runAction,
  'run-application': async () => (await import('./actions/run.js')).runApplicationAction,
  info: async () => (await import('./actions/info.js')).infoAction,
  list: async () => (await import('./actions/list.js')).listAction,
  stop: async () => (await import('./actions/savepoint-actions.js')).stopAction,
  cancel: async () => (await import('./actions/cancel.js')).cancelAction,
  savepoint: async () => (await import('./actions/savepoint-actions.js')).savepointAction,
  checkpoint: async () => (await import('./actions/checkpoint.js')).checkpointAction,
  'rest-token': async () => (await import('./actions/rest-token.js')).restTokenAction,
  ha: async () => (await import('./actions/ha.js')).haAction,
  state: async () => (await import('./actions/state/state-action.js')).stateAction,
}

const terminal = processTerminal()

// Whoever reads the output has seen enough, such as `head`: no failure of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })
}

async function showHelp(): Promise<void> {
  const { commandHelp } = await import('./arguments/help.js')
  const actions = await Promise.all(Object.values(ACTIONS).map((load) => load()))
  terminal.out(commandHelp(actions))
}

function usageError(message: string): number {
  terminal.out(message)
  terminal.out()
  terminal.out('Use the help option (-h or --help) to get help on the command.')
  return 1
}

async function runAction(action: Action, words: readonly string[]): Promise<number> {
  let args: ParsedArguments | undefined
  try {
    args = parseArguments(words, action.options)
    if (args.has(HELP)) {
      const { actionHelp } = await import('./arguments/help.js')
      terminal.out(actionHelp(action))
      return 0
    }
    for (const warning of dynamicPropertyWarnings(args)) terminal.err(`Warning: ${warning}`)
    const clock = new SystemClock()
    const context: ActionContext = {
      terminal,
      clock,
      environment: process.env,
      workingDirectory: process.cwd(),
      configuration: await actionConfiguration(args, process.env, process.cwd()),
      onInterrupt,
    }
    return await action.run(args, context)
  } catch (error) {
    if (error instanceof CliArgumentError) return usageError(error.message)
    const { renderFailure } = await import('./terminal/render-failure.js')
    renderFailure(terminal, error, args?.has(VERBOSE) ?? false)
    return 1
  }
}

async function main(words: readonly string[]): Promise<number> {
  const [name, ...rest] = words
  if (name === undefined) {
    await showHelp()
    return 1
  }
  if (name === '-h' || name === '--help') {
    await showHelp()
    return 0
  }
  if (name === '-v' || name === '--version') {
    terminal.out(`Version: ${FLINK_TS_VERSION}`)
    return 0
  }
  const load = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined
  if (load === undefined) {
    terminal.out(`"${name}" is not a valid action.`)
    terminal.out()
    const names = Object.keys(ACTIONS).map((action) => `"${action}"`)
    terminal.out(`Valid actions are ${names.slice(0, -1).join(', ')} and ${names.at(-1)}.`)
    terminal.out()
    terminal.out('Specify the version option (-v or --version) to print the version.')
    terminal.out('Specify the help option (-h or --help) to get help on the command.')
    return 1
  }
  return runAction(await load(), rest)
}

process.exitCode = await main(process.argv.slice(2))
