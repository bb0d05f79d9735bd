import {
  type Configuration,
  type ConfigurationNotice,
  checkConfiguration,
  IllegalConfigurationError,
  loadConfiguration,
  SecurityOptions,
} from '@flink-ts/core'
import { clusterSecretPath } from '@flink-ts/core/security'
import { parseDaemonArguments } from './daemon-arguments.js'

export interface DaemonConfiguration {
  readonly configuration: Configuration
  /** The file that was read. */
  readonly file: string
  readonly warnings: readonly string[]
  readonly notices: readonly ConfigurationNotice[]
  /** See `DaemonArguments`. */
  readonly options: Readonly<Record<string, string>>
  readonly programArguments: readonly string[]
}

/** @throws FlinkError telling everything that is wrong with arguments or configuration */
export async function loadDaemonConfiguration(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  ownOptions: readonly string[] = [],
): Promise<DaemonConfiguration> {
  const { configDir, dynamicProperties, options, programArguments } = parseDaemonArguments(
    args,
    environment,
    ownOptions,
  )
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
  const secretFile = clusterSecretPath(loaded.configuration, configDir)
  loaded.configuration.set(SecurityOptions.CLUSTER_SECRET_FILE, secretFile)
  return { ...loaded, notices, options, programArguments }
}
