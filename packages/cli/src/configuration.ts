import { type Configuration, loadConfiguration } from '@flink-ts/core'
import type { ParsedArguments } from './arguments/option-parser.js'
import { DYNAMIC_PROPERTY } from './arguments/options.js'
import { configurationFolder, dynamicProperties } from './flink-home.js'

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
