import {
  Configuration,
  checkConfiguration,
  HighAvailabilityOptions,
  JobManagerOptions,
  loadConfiguration,
} from '@flink-ts/core'
import type { ParsedArguments } from './arguments/option-parser.js'
import { DYNAMIC_PROPERTY, ZOOKEEPER_NAMESPACE } from './arguments/options.js'
import { configurationFolder, dynamicProperties } from './flink-home.js'
import { yarnClusterMode } from './yarn/yarn-cluster-mode.js'

/** What is wrong with the `-D` words of a command line though it can be run, such as a key that nobody knows. */
export function dynamicPropertyWarnings(args: ParsedArguments): string[] {
  return checkConfiguration(dynamicProperties(args.values(DYNAMIC_PROPERTY)))
    .filter(({ severity }) => severity !== 'error')
    .map(({ message }) => message)
}

/** What processes of a cluster read when they start, and neither clients nor jobs. */
const OF_CLUSTER =
  /^(blob|cluster|heartbeat|jobmanager|resourcemanager|slot|slotmanager|taskmanager)\./
/** What clients read too. */
const OF_CLIENT = new Set<string>([JobManagerOptions.ADDRESS.key])

/** The `-D` words that were meant for a cluster which runs already and reads them no more. */
export function clusterSettingWarnings(args: ParsedArguments): string[] {
  const keys = Object.keys(dynamicProperties(args.values(DYNAMIC_PROPERTY)).toMap())
  return keys
    .filter((key) => OF_CLUSTER.test(key) && !OF_CLIENT.has(key))
    .map((key) => `'${key}' is not for jobs: the cluster reads it from its own configuration`)
}

/**
 * Reads the configuration files with what a command line says over them.
 *
 * @throws IllegalConfigurationError when the folder is missing or a file is not right
 * @throws CliArgumentError for options of YARN without YARN
 */
export async function actionConfiguration(
  args: ParsedArguments,
  environment: Readonly<Record<string, string | undefined>>,
  workingDirectory: string,
): Promise<Configuration> {
  const { configuration } = await loadConfiguration({
    confDir: configurationFolder(environment),
    env: environment,
    dynamicProperties: dynamicProperties(args.values(DYNAMIC_PROPERTY)),
  })
  return configuration.merge(
    commandLineConfiguration(args, { configured: configuration, workingDirectory }),
  )
}

/**
 * What options of a command line stand for, beside `-D`.
 *
 * @throws CliArgumentError for options of YARN without YARN
 */
export function commandLineConfiguration(
  args: ParsedArguments,
  places: { readonly workingDirectory: string; readonly configured: Configuration },
): Configuration {
  const result = new Configuration()
  const namespace = args.value(ZOOKEEPER_NAMESPACE)
  if (namespace !== undefined) result.set(HighAvailabilityOptions.HA_CLUSTER_ID, namespace)
  return result.merge(yarnClusterMode(args, places))
}
