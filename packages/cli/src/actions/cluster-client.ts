import { ClientOptions, DeploymentOptions, RestOptions } from '@flink-ts/core'
import { RestClusterClient } from '@flink-ts/rest/client'
import type { ParsedArguments } from '../arguments/option-parser.js'
import { JOBMANAGER, TARGET } from '../arguments/options.js'
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

/** `host:port` of `-m`, else of the configuration. @throws CliArgumentError */
export function jobManagerAddress(args: ParsedArguments, context: ActionContext): string {
  const given = args.value(JOBMANAGER)
  if (given !== undefined) {
    const match = /^(?:https?:\/\/)?(\[[0-9a-f:]+\]|[^:/\s]+):(\d{1,5})\/?$/i.exec(given)
    if (match === null || Number(match[2]) > 65535) {
      throw new CliArgumentError(
        `Cannot use the JobManager address "${given}": expected host:port, such as localhost:8081`,
      )
    }
    return `${match[1]}:${match[2]}`
  }
  const { configuration } = context
  const host = configuration.get(RestOptions.ADDRESS) ?? 'localhost'
  return `${host.includes(':') ? `[${host}]` : host}:${configuration.get(RestOptions.PORT)}`
}

/** A client of the cluster that the command line and the configuration name. */
export function clusterClient(args: ParsedArguments, context: ActionContext): RestClusterClient {
  if (isLocalTarget(args, context)) {
    throw new CliArgumentError('The target "local" has no cluster to talk to.')
  }
  const { configuration } = context
  return new RestClusterClient({
    address: jobManagerAddress(args, context),
    clock: context.clock,
    urlPrefix: configuration.get(RestOptions.URL_PREFIX),
    // Without high availability nobody takes over: who is not there now is a mistake to be told at once.
    retries: configuration.getOptional(RestOptions.RETRY_MAX_ATTEMPTS) ?? 0,
    timeoutMs: configuration.get(ClientOptions.CLIENT_TIMEOUT),
    retryDelayMs: configuration.get(RestOptions.RETRY_DELAY),
    maxContentBytes: configuration.get(RestOptions.CLIENT_MAX_CONTENT_LENGTH),
  })
}

/** The job id of a command line. @throws CliArgumentError */
export function parseJobId(text: string): string {
  if (/^[0-9a-fA-F]{32}$/.test(text)) return text.toLowerCase()
  throw new CliArgumentError(
    `Cannot parse JobID from "${text}". The expected format is [0-9a-fA-F]{32}, e.g. fd72014d4c864993a2e5a9287b4a9c5d.`,
  )
}
