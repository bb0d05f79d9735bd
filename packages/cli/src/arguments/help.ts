import type { Action } from '../actions/action.js'
import type { OptionDefinition } from './option-parser.js'

const WIDTH = 80
const INDENT = 37

/** The lines of one option. */
export function optionHelp(option: OptionDefinition): string {
  const names = [
    option.short === undefined ? undefined : `-${option.short}`,
    option.long === undefined ? undefined : `--${option.long}`,
  ].filter((name) => name !== undefined)
  const argument = option.argument === undefined ? '' : ` <${option.argument}>`
  const head = `     ${names.join(',')}${argument}`
  const lines: string[] = []
  let line = head.length < INDENT ? head.padEnd(INDENT) : `${head}\n${' '.repeat(INDENT)}`
  let width = INDENT
  for (const word of option.description.split(' ')) {
    if (width + word.length + 1 > WIDTH) {
      lines.push(line.trimEnd())
      line = ' '.repeat(INDENT)
      width = INDENT
    }
    line += `${word} `
    width += word.length + 1
  }
  return [...lines, line.trimEnd()].join('\n')
}

function groupHelp(action: Action, wanted: string, title: string): string[] {
  const options = action.options.filter(({ group }) => group === wanted)
  return options.length === 0 ? [] : [`  ${title}`, ...options.map(optionHelp)]
}

/** The help of one action. */
export function actionHelp(action: Action): string {
  return [
    `Action "${action.name}" ${action.summary}`,
    '',
    `  Syntax: ${action.name} [OPTIONS]${action.positional === '' ? '' : ` ${action.positional}`}`,
    `  "${action.name}" action options:`,
    ...action.options.filter(({ group }) => group === undefined).map(optionHelp),
    ...groupHelp(action, 'yarn-cluster', 'Options for clusters on YARN, with -m yarn-cluster:'),
  ].join('\n')
}

/** The help of the command and all its actions. */
export function commandHelp(actions: readonly Action[]): string {
  return [
    './flink <ACTION> [OPTIONS] [ARGUMENTS]',
    '',
    'The following actions are available:',
    '',
    ...actions.map((action) => `${actionHelp(action)}\n`),
    'General options:',
    '     -h,--help                       Show this help.',
    '     -v,--version                    Show the version.',
  ].join('\n')
}
