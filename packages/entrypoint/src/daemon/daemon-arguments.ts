import { type Configuration, FlinkError, parseDynamicProperties } from '@flink-ts/core'

export interface DaemonArguments {
  /** Folder of the configuration. */
  readonly configDir: string
  readonly dynamicProperties: Configuration
}

/**
 * Reads `--configDir DIR [-D key=value]…`; without the folder `FLINK_CONF_DIR` counts.
 *
 * @throws FlinkError FLINK_DAEMON_ARGUMENT for anything else, or without a folder
 */
export function parseDaemonArguments(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): DaemonArguments {
  const { properties, rest } = parseDynamicProperties(args)
  let configDir = environment['FLINK_CONF_DIR']
  for (let i = 0; i < rest.length; i++) {
    const [name, inline] = splitOption(rest[i]!)
    if (name !== '--configDir' && name !== '-c') throw refused(`unknown argument '${rest[i]}'`)
    configDir = inline ?? rest[++i]
    if (!configDir) throw refused(`${name} has no value`)
  }
  if (!configDir) throw refused('there is no --configDir')
  return { configDir, dynamicProperties: properties }
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
