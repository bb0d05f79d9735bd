import {
  Configuration,
  type ConfigurationNotice,
  checkConfiguration,
  FlinkError,
  IllegalConfigurationError,
  type LoadedConfiguration,
  loadConfiguration,
  SecurityOptions,
} from '@flink-ts/core'
import { type ClusterSecret, clusterSecretPath } from '@flink-ts/core/security'
import type { ContainerContext, ContainerEnvironment } from '@flink-ts/runtime'
import { loadContainerEnvironment } from './container-environment.js'
import { type ConsoleMode, type DaemonArguments, parseDaemonArguments } from './daemon-arguments.js'

export interface DaemonConfiguration {
  readonly configuration: Configuration
  /** The file that was read, or where else it came from. */
  readonly file: string
  readonly warnings: readonly string[]
  readonly notices: readonly ConfigurationNotice[]
  /** See `DaemonArguments`. */
  readonly options: Readonly<Record<string, string>>
  readonly programArguments: readonly string[]
  /** Of the container that the command line names; its properties are in the configuration. */
  readonly container?: ContainerEnvironment
  /** Of the cluster, where no file has it. */
  readonly secret?: ClusterSecret
  readonly console?: ConsoleMode
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
  const { configDir, options, programArguments } = parsed
  const files = await configurationFiles(parsed, environment)
  const container = await loadContainerEnvironment(parsed.container, {
    ...world,
    configuration: files?.configuration ?? parsed.dynamicProperties,
    environment,
    configurationFolder: configDir ?? process.cwd(),
  })
  const loaded = files ?? configurationOfContainer(parsed, container)
  const { configuration } = loaded
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
  if (container?.secret === undefined) {
    const secretFile = clusterSecretPath(configuration, configDir ?? process.cwd())
    configuration.set(SecurityOptions.CLUSTER_SECRET_FILE, secretFile)
  }
  return {
    ...loaded,
    notices,
    options,
    programArguments,
    ...(container === undefined ? {} : { container }),
    ...(container?.secret === undefined ? {} : { secret: container.secret }),
    ...(parsed.console === undefined ? {} : { console: parsed.console }),
  }
}

/** Undefined without a folder. */
async function configurationFiles(
  { configDir, dynamicProperties }: DaemonArguments,
  env: Readonly<Record<string, string | undefined>>,
): Promise<LoadedConfiguration | undefined> {
  if (configDir === undefined) return undefined
  return loadConfiguration({ confDir: configDir, env, dynamicProperties })
}

/** That of a container in which there is no folder with files. @throws FlinkError FLINK_DAEMON_ARGUMENT */
export function configurationOfContainer(
  { container: name, dynamicProperties }: DaemonArguments,
  container: ContainerEnvironment | undefined,
): LoadedConfiguration {
  if (container?.configuration === undefined) {
    throw new FlinkError(
      `Cannot start in a container of '${name}': there is neither a configuration in it nor a --configDir`,
      { code: 'FLINK_DAEMON_ARGUMENT' },
    )
  }
  return {
    configuration: Configuration.fromMap(container.configuration).merge(dynamicProperties),
    file: `container of ${name}`,
    warnings: [],
  }
}
