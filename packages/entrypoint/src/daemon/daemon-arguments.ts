import { type Configuration, FlinkError, parseDynamicProperties } from '@flink-ts/core'

export interface DaemonArguments {
  /** Folder of the configuration. */
  readonly configDir: string
  /** The cluster manager in whose container the process runs, such as `yarn`. */
  readonly container?: string
  readonly dynamicProperties: Configuration
  /** Values of the daemon's own options that were given, such as `--bundle`. */
  readonly options: Readonly<Record<string, string>>
  /** Words behind `--`. */
  readonly programArguments: readonly string[]
}

/**
 * Reads `--configDir DIR [--container NAME] [-D key=value]… [own options]… [-- words]`; without the folder `FLINK_CONF_DIR` counts.
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
  for (let i = 0; i < rest.length; i++) {
    const [name, inline] = splitOption(rest[i]!)
    const isConfigDir = name === '--configDir' || name === '-c'
    const isKnown = isConfigDir || name === '--container' || ownOptions.includes(name)
    if (!isKnown) throw refused(`unknown argument '${rest[i]}'`)
    const value = inline ?? rest[++i]
    if (!value) throw refused(`${name} has no value`)
    if (isConfigDir) configDir = value
    else if (name === '--container') container = value
    else options[name] = value
  }
  if (!configDir) throw refused('there is no --configDir')
  return {
    configDir,
    ...(container === undefined ? {} : { container }),
    dynamicProperties: properties,
    options,
    programArguments: end < 0 ? [] : args.slice(end + 1),
  }
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
