import {
  type Configuration,
  createFileSystems,
  resolveUserPath,
  SystemRandom,
} from '@flink-ts/core'
import { SavepointReader } from '@flink-ts/state-tools'
import type { OptionDefinition } from '../../arguments/option-parser.js'
import { DYNAMIC_PROPERTY, HELP, VERBOSE } from '../../arguments/options.js'
import { optionsAnywhere } from '../../arguments/options-anywhere.js'
import { actionConfiguration } from '../../configuration.js'
import { CliArgumentError } from '../../terminal/terminal.js'
import type { Action, ActionContext } from '../action.js'
import { exportState } from './export-state.js'
import { listSavepoint } from './list-savepoint.js'
import { showState } from './show-state.js'

const OPERATOR: OptionDefinition = {
  short: 'o',
  long: 'operator',
  argument: 'uid',
  description:
    'Operator: its uid, its id or its name. Default with "show": the only one, or the only one with keys.',
}
const STATE: OptionDefinition = {
  short: 's',
  long: 'state',
  argument: 'name',
  description: 'State of the operator. Default: all.',
}
const KEY: OptionDefinition = {
  short: 'k',
  long: 'key',
  argument: 'key',
  description: 'Key, as text or as JSON (show).',
}
const KEY_GROUPS: OptionDefinition = {
  long: 'key-groups',
  description: 'Show how much is in each key group (ls).',
}
const NO_COUNTS: OptionDefinition = {
  long: 'no-counts',
  description: 'Count nothing: read the heads of the files alone (ls).',
}
const JSON_OUTPUT: OptionDefinition = { long: 'json', description: 'Answer JSON (ls).' }

const OPTIONS = [
  OPERATOR,
  STATE,
  KEY,
  KEY_GROUPS,
  NO_COUNTS,
  JSON_OUTPUT,
  DYNAMIC_PROPERTY,
  VERBOSE,
  HELP,
]
const VERBS = ['ls', 'show', 'export']

/** `flink state ls|show|export`: what is in a savepoint or checkpoint, without its job. */
export const stateAction: Action = {
  name: 'state',
  summary:
    'shows what is in a savepoint or checkpoint: "ls" its operators and states, "show" one key, "export" all as JSON lines.',
  positional: 'ls|show|export <path>',
  options: OPTIONS,
  async run(first, context) {
    const [verb, ...rest] = first.positional
    if (verb === undefined || !VERBS.includes(verb)) {
      throw new CliArgumentError(
        `${verb === undefined ? 'What to do is missing' : `"${verb}" is nothing that can be done`}: use "state ls", "state show" or "state export".`,
      )
    }
    const args = optionsAnywhere(first, rest, OPTIONS)
    if (args.has(HELP)) {
      const { actionHelp } = await import('../../arguments/help.js')
      context.terminal.out(actionHelp(stateAction))
      return 0
    }
    const [path, surplus] = args.positional
    if (path === undefined) {
      throw new CliArgumentError('A path should be specified: that of a savepoint or checkpoint.')
    }
    if (surplus !== undefined) throw new CliArgumentError(`Unexpected argument: ${surplus}`)
    const isConfigured =
      args.values(DYNAMIC_PROPERTY).length === first.values(DYNAMIC_PROPERTY).length
    const configuration = isConfigured
      ? context.configuration
      : await actionConfiguration(args, context.environment, context.workingDirectory)
    const reader = await openSavepoint(path, configuration, context)
    const { terminal } = context
    const operator = args.value(OPERATOR)
    const state = args.value(STATE)
    if (verb === 'ls') {
      const options = {
        keyGroups: args.has(KEY_GROUPS),
        counts: !args.has(NO_COUNTS),
        json: args.has(JSON_OUTPUT),
      }
      return listSavepoint(reader, terminal, options)
    }
    if (verb === 'show')
      return showState(reader, terminal, { operator, state, key: args.value(KEY) })
    return exportState(reader, terminal, { operator, state })
  },
}

async function openSavepoint(
  path: string,
  configuration: Configuration,
  { clock, workingDirectory }: ActionContext,
): Promise<SavepointReader> {
  const fileSystems = createFileSystems({ configuration, clock, random: new SystemRandom() })
  return SavepointReader.open(resolveUserPath(path, workingDirectory), { fileSystems })
}
