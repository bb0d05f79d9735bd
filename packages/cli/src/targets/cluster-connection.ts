import { clusterRestClient, deployedClusterClient } from '@flink-ts/client/remote'
import { type Configuration, FlinkError, userMessage } from '@flink-ts/core'
import type { RestClusterClient } from '@flink-ts/rest/client'
import type { ClusterHandle } from '@flink-ts/runtime'
import type { ActionContext } from '../actions/action.js'
import type { ParsedArguments } from '../arguments/option-parser.js'
import { JOBMANAGER } from '../arguments/options.js'
import { configurationFolder } from '../flink-home.js'
import { CliArgumentError } from '../terminal/terminal.js'
import { namesYarn } from '../yarn/yarn-cluster-mode.js'
import { findYarnSession } from '../yarn/yarn-properties-file.js'
import { clusterWords, configuredClusterId } from './cluster-id.js'
import { loadClusterDescriptor } from './load-cluster-descriptor.js'
import type { DeployedTarget } from './target.js'
import { targetOf } from './target-of.js'

/** A cluster that runs, and how to talk to it. */
export interface ClusterConnection {
  readonly client: RestClusterClient
  /** Of a cluster that a cluster manager runs. */
  readonly handle?: ClusterHandle
  /** Words of a command line that mean this cluster, with a blank behind; empty: it is found without. */
  readonly words: string
  close(): Promise<void>
}

/** Does something with the cluster that the command line and the configuration name. */
export async function withCluster<R>(
  args: ParsedArguments,
  context: ActionContext,
  work: (client: RestClusterClient, connection: ClusterConnection) => Promise<R>,
): Promise<R> {
  const connection = await connectToCluster(args, context)
  try {
    return await work(connection.client, connection)
  } finally {
    await connection.close()
  }
}

/** @throws CliArgumentError when no cluster is meant; FlinkError when there is none */
export async function connectToCluster(
  args: ParsedArguments,
  context: ActionContext,
  target = targetOf(args, context),
): Promise<ClusterConnection> {
  const address = jobManagerAddress(args)
  if (target.kind === 'local') {
    throw new CliArgumentError('The target "local" has no cluster to talk to.')
  }
  if (target.kind === 'deployed') {
    if (address !== undefined) {
      throw new CliArgumentError(
        `-m ${address} cannot be used with the target "${target.name}": its cluster manager knows the address`,
      )
    }
    return retrieve(target, context)
  }
  const { configuration, clock } = context
  const client = clusterRestClient({
    configuration,
    clock,
    address,
    configurationFolder: configurationFolder(context.environment),
    ...tellsChanges(context),
  })
  return { client, words: '', close: async () => {} }
}

/** What a client of `handle` tells its person while nobody answers. */
export function connectToHandle(handle: ClusterHandle, context: ActionContext): RestClusterClient {
  return deployedClusterClient({ handle, clock: context.clock, ...tellsChanges(context) })
}

/** `host:port` of `-m`. @throws CliArgumentError */
export function jobManagerAddress(args: ParsedArguments): string | undefined {
  const given = args.value(JOBMANAGER)
  if (given === undefined || namesYarn(given)) return undefined
  const match = /^(?:https?:\/\/)?(\[[0-9a-f:]+\]|[^:/\s]+):(\d{1,5})\/?$/i.exec(given)
  if (match === null || Number(match[2]) > 65535) {
    throw new CliArgumentError(
      `Cannot use the JobManager address "${given}": expected host:port, such as localhost:8081`,
    )
  }
  return `${match[1]}:${match[2]}`
}

async function retrieve(
  target: DeployedTarget,
  context: ActionContext,
): Promise<ClusterConnection> {
  const { configuration, id, found } = clusterOf(target, context)
  const descriptor = await loadClusterDescriptor(target, context, { configuration })
  try {
    const handle = await descriptor.retrieve(id).catch((error: unknown) => {
      throw found === undefined ? error : staleSession(found, error)
    })
    return {
      client: connectToHandle(handle, context),
      handle,
      words: `${clusterWords(target, id)} `,
      close: () => descriptor.close(),
    }
  } catch (error) {
    await descriptor.close()
    throw error
  }
}

function clusterOf(
  target: DeployedTarget,
  context: ActionContext,
): { configuration: Configuration; id: string; found?: string } {
  const { configuration } = context
  const id = configuredClusterId(configuration, target.platform)
  if (id !== undefined) return { configuration, id }
  const session = target.name === 'yarn-session' ? findYarnSession(context) : undefined
  if (session === undefined) {
    throw new CliArgumentError(
      `Which cluster of the target "${target.name}"? Name it: ${clusterWords(target, '<id>')}`,
    )
  }
  context.terminal.err(
    `Found the session ${session.applicationId} in ${session.path}; another: ${clusterWords(target, '<id>')}, or -m host:port`,
  )
  return {
    // What was said when the session was started counts less than what is said now.
    configuration: session.configuration.clone().merge(configuration),
    id: session.applicationId,
    found: session.path,
  }
}

function staleSession(path: string, cause: unknown): FlinkError {
  return new FlinkError(
    `${userMessage(cause)}; ${path} names that session: remove the file if the session has ended, or name a cluster: ` +
      '-m host:port, -t yarn-session -Dyarn.application.id=<id>',
    {
      code: FlinkError.is(cause) ? cause.code : 'FLINK_CLUSTER_NOT_FOUND',
      cause: cause instanceof Error ? cause.cause : undefined,
    },
  )
}

function tellsChanges({ terminal }: ActionContext) {
  return {
    onWaiting: ({ message }: Error) =>
      terminal.err(`Waiting for a JobManager to lead: ${message.split('\n')[0]}`),
    onFound: () => terminal.err('A JobManager leads.'),
  }
}
