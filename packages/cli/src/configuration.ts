import { type Configuration, checkConfiguration, loadConfiguration } from '@flink-ts/core'
import type { ParsedArguments } from './arguments/option-parser.js'
import { DYNAMIC_PROPERTY } from './arguments/options.js'
import { configurationFolder, dynamicProperties } from './flink-home.js'

/** What is wrong with the `-D` words of a command line though it can be run, such as a key that nobody knows. */
export function dynamicPropertyWarnings(args: ParsedArguments): string[] {
  return checkConfiguration(dynamicProperties(args.values(DYNAMIC_PROPERTY)))
    .filter(({ severity }) => severity !== 'error')
    .map(({ message }) => message)
}

/**
 * Reads the configuration files with the `-D` words of a command line over them.
 *
 * @throws IllegalConfigurationError when the folder is missing or a file is not right
 */
export async function actionConfiguration(
  args: ParsedArguments,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Configuration> {
  const { configuration } = await loadConfiguration({
    confDir: configurationFolder(environment),
    env: environment,
    dynamicProperties: dynamicProperties(args.values(DYNAMIC_PROPERTY)),
  })
  return configuration
}
