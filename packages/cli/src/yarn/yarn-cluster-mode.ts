import { Configuration, DeploymentOptions } from '@flink-ts/core'
import type { OptionDefinition, ParsedArguments } from '../arguments/option-parser.js'
import { EXECUTOR, JOBMANAGER, TARGET } from '../arguments/options.js'
import { CliArgumentError } from '../terminal/terminal.js'
import { yarnConfiguration, yarnOptions } from './yarn-words.js'

const OPTIONS = yarnOptions('y')
const ALL: readonly OptionDefinition[] = Object.values(OPTIONS)

/** `-m yarn-cluster` and `-y…`: how Flink 1.x names clusters on YARN. */
export const YARN_CLUSTER_OPTIONS = ALL

/** Whether what stands behind `-m` means YARN. */
export function namesYarn(jobManager: string): boolean {
  return jobManager === 'yarn-cluster'
}

/** `-yd`. */
export function isDetachedOnYarn(args: ParsedArguments): boolean {
  return args.has(OPTIONS.detached)
}

/**
 * The configuration that these options stand for. `-m yarn-cluster` is the target `yarn-per-job`, `-yid` the target
 * `yarn-session`.
 *
 * @throws CliArgumentError for options without YARN
 */
export function yarnClusterMode(
  args: ParsedArguments,
  places: { readonly workingDirectory: string; readonly configured: Configuration },
): Configuration {
  const given = ALL.filter((option) => args.has(option))
  const jobManager = args.value(JOBMANAGER)
  const isNamed = jobManager !== undefined && namesYarn(jobManager)
  if (given.length === 0 && !isNamed) return new Configuration()
  if (args.has(OPTIONS.query)) {
    throw new CliArgumentError('-yq shows what YARN has to give: use bin/yarn-session.sh -q')
  }
  const result = yarnConfiguration(args, OPTIONS, places)
  const target = args.value(TARGET) ?? args.value(EXECUTOR)
  if (target !== undefined) {
    if (isNamed) throw new CliArgumentError(`-m yarn-cluster and -t ${target} exclude each other`)
    if (!target.startsWith('yarn-')) throw withoutYarn(given)
    return result
  }
  if (args.has(OPTIONS.applicationId)) {
    return result.set(DeploymentOptions.TARGET, 'yarn-session')
  }
  if (isNamed) return result.set(DeploymentOptions.TARGET, 'yarn-per-job')
  const configured = places.configured.get(DeploymentOptions.TARGET)
  if (jobManager !== undefined || !configured?.startsWith('yarn-')) throw withoutYarn(given)
  return result
}

function withoutYarn(given: readonly OptionDefinition[]): CliArgumentError {
  const names = given.map(({ short }) => `-${short}`).join(', ')
  return new CliArgumentError(
    `${names}: only for clusters on YARN, which are named by -m yarn-cluster, -yid <application id>, or -t yarn-…`,
  )
}
