import { clusterRestClient } from '@flink-ts/client/remote'
import { DeploymentOptions } from '@flink-ts/core'
import type { RestClusterClient } from '@flink-ts/rest/client'
import type { ParsedArguments } from '../arguments/option-parser.js'
import { JOBMANAGER, TARGET } from '../arguments/options.js'
import { configurationFolder } from '../flink-home.js'
import { CliArgumentError } from '../terminal/terminal.js'
import type { ActionContext } from './action.js'

const TARGETS = ['remote', 'local']

/** Whether the program runs in the client's own process. @throws CliArgumentError for an unknown target */
export function isLocalTarget(args: ParsedArguments, context: ActionContext): boolean {
  const target =
    args.value(TARGET) ?? context.configuration.get(DeploymentOptions.TARGET) ?? 'remote'
  if (TARGETS.includes(target)) return target === 'local'
  throw new CliArgumentError(`Unknown target "${target}": expected ${TARGETS.join(' or ')}`)
}

/** `host:port` of `-m`. @throws CliArgumentError */
export function jobManagerAddress(args: ParsedArguments): string | undefined {
  const given = args.value(JOBMANAGER)
  if (given === undefined) return undefined
  const match = /^(?:https?:\/\/)?(\[[0-9a-f:]+\]|[^:/\s]+):(\d{1,5})\/?$/i.exec(given)
  if (match === null || Number(match[2]) > 65535) {
    throw new CliArgumentError(
      `Cannot use the JobManager address "${given}": expected host:port, such as localhost:8081`,
    )
  }
  return `${match[1]}:${match[2]}`
}

/** A client of the cluster that the command line and the configuration name. */
export function clusterClient(args: ParsedArguments, context: ActionContext): RestClusterClient {
  if (isLocalTarget(args, context)) {
    throw new CliArgumentError('The target "local" has no cluster to talk to.')
  }
  const { configuration, clock, terminal } = context
  return clusterRestClient({
    configuration,
    clock,
    address: jobManagerAddress(args),
    configurationFolder: configurationFolder(context.environment),
    onWaiting: ({ message }) =>
      terminal.err(`Waiting for a JobManager to lead: ${message.split('\n')[0]}`),
    onFound: () => terminal.err('A JobManager leads.'),
  })
}

/** The job id of a command line. @throws CliArgumentError */
export function parseJobId(text: string): string {
  if (/^[0-9a-fA-F]{32}$/.test(text)) return text.toLowerCase()
  throw new CliArgumentError(
    `Cannot parse JobID from "${text}". The expected format is [0-9a-fA-F]{32}, e.g. fd72014d4c864993a2e5a9287b4a9c5d.`,
  )
}
