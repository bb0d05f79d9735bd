import {
  type Configuration,
  type ConfigurationNotice,
  checkConfiguration,
  IllegalConfigurationError,
  loadConfiguration,
} from '@flink-ts/core'
import { parseDaemonArguments } from './daemon-arguments.js'

export interface DaemonConfiguration {
  readonly configuration: Configuration
  /** The file that was read. */
  readonly file: string
  readonly warnings: readonly string[]
  readonly notices: readonly ConfigurationNotice[]
}

/** @throws FlinkError telling everything that is wrong with arguments or configuration */
export async function loadDaemonConfiguration(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<DaemonConfiguration> {
  const { configDir, dynamicProperties } = parseDaemonArguments(args, environment)
  const loaded = await loadConfiguration({
    confDir: configDir,
    env: environment,
    dynamicProperties,
  })
  const notices = checkConfiguration(loaded.configuration)
  const errors = notices.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) {
    throw new IllegalConfigurationError(errors.map(({ message }) => message).join('\n'), {
      key: errors[0]!.key,
    })
  }
  return { ...loaded, notices }
}
