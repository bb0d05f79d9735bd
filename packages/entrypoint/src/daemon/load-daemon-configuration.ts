import {
  type Configuration,
  type ConfigurationNotice,
  checkConfiguration,
  IllegalConfigurationError,
  loadConfiguration,
  SecurityOptions,
} from '@flink-ts/core'
import { clusterSecretPath } from '@flink-ts/core/security'
import type { ContainerContext, ContainerEnvironment } from '@flink-ts/runtime'
import { loadContainerEnvironment } from './container-environment.js'
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
  /** Of the container that the command line names; its properties are in the configuration. */
  readonly container?: ContainerEnvironment
}

/** What a container is asked with, beside the configuration. */
export type ContainerWorld = Pick<ContainerContext, 'kind' | 'clock' | 'random'>

/** @throws FlinkError telling everything that is wrong with arguments or configuration */
export async function loadDaemonConfiguration(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  ownOptions: readonly string[],
  world: ContainerWorld,
): Promise<DaemonConfiguration> {
  const parsed = parseDaemonArguments(args, environment, ownOptions)
  const { configDir, dynamicProperties, options, programArguments } = parsed
  const loaded = await loadConfiguration({
    confDir: configDir,
    env: environment,
    dynamicProperties,
  })
  const { configuration } = loaded
  const container = await loadContainerEnvironment(parsed.container, {
    ...world,
    configuration,
    environment,
    configurationFolder: configDir,
  })
  for (const [key, value] of Object.entries(container?.properties ?? {})) {
    configuration.setString(key, value)
  }
  const notices = checkConfiguration(configuration)
  const errors = notices.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) {
    throw new IllegalConfigurationError(errors.map(({ message }) => message).join('\n'), {
      key: errors[0]!.key,
    })
  }
  const secretFile = clusterSecretPath(configuration, configDir)
  configuration.set(SecurityOptions.CLUSTER_SECRET_FILE, secretFile)
  return {
    ...loaded,
    notices,
    options,
    programArguments,
    ...(container === undefined ? {} : { container }),
  }
}
