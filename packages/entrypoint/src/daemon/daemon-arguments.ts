import { type Configuration, FlinkError, parseDynamicProperties } from '@flink-ts/core'

export interface DaemonArguments {
  /** Folder of the configuration; undefined: the container has it. */
  readonly configDir: string | undefined
  /** The cluster manager in whose container the process runs, such as `yarn`. */
  readonly container?: string
  /** What standard output and error show to whoever watches; absent: nobody does. */
  readonly console?: ConsoleMode
  readonly dynamicProperties: Configuration
  /** Values of the daemon's own options that were given, such as `--bundle`. */
  readonly options: Readonly<Record<string, string>>
  /** Words behind `--`. */
  readonly programArguments: readonly string[]
}

/** `notes`: what a person at the console has to know. `log`: that, and the log. */
export type ConsoleMode = 'notes' | 'log'

/**
 * Reads `--configDir DIR [--container NAME] [--console MODE] [-D key=value]… [own options]… [-- words]`; without the folder
 * `FLINK_CONF_DIR` counts, and in a container there may be none.
 *
 * @param ownOptions options that the daemon knows beside these, each with a value
 * @throws FlinkError FLINK_DAEMON_ARGUMENT for anything else, or without a folder
 */
export function parseDaemonArguments(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  ownOptions: readonly string[] = [],
): DaemonArguments {
  const end = args.indexOf('--')
  const { properties, rest } = parseDynamicProperties(end < 0 ? args : args.slice(0, end))
  const options: Record<string, string> = {}
  let configDir = environment['FLINK_CONF_DIR']
  let container: string | undefined
  let consoleMode: ConsoleMode | undefined
  for (let i = 0; i < rest.length; i++) {
    const [name, inline] = splitOption(rest[i]!)
    const isConfigDir = name === '--configDir' || name === '-c'
    if (!isConfigDir && !COMMON.includes(name) && !ownOptions.includes(name))
      throw refused(`unknown argument '${rest[i]}'`)
    const value = inline ?? rest[++i]
    if (!value) throw refused(`${name} has no value`)
    if (isConfigDir) configDir = value
    else if (name === '--container') container = value
    else if (name === '--console') consoleMode = parseConsole(value)
    else options[name] = value
  }
  if (!configDir && container === undefined) throw refused('there is no --configDir')
  return {
    configDir: configDir || undefined,
    ...(container === undefined ? {} : { container }),
    ...(consoleMode === undefined ? {} : { console: consoleMode }),
    dynamicProperties: properties,
    options,
    programArguments: end < 0 ? [] : args.slice(end + 1),
  }
}

const COMMON = ['--container', '--console']

function parseConsole(text: string): ConsoleMode {
  if (text === 'notes' || text === 'log') return text
  throw refused(`--console ${text} is unknown: it is notes or log`)
}

function splitOption(argument: string): [name: string, value: string | undefined] {
  const at = argument.indexOf('=')
  return at < 0 ? [argument, undefined] : [argument.slice(0, at), argument.slice(at + 1)]
}

function refused(why: string): FlinkError {
  return new FlinkError(`Cannot start: ${why}; expected --configDir DIR [-D key=value]...`, {
    code: 'FLINK_DAEMON_ARGUMENT',
  })
}
