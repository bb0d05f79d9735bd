import { Configuration, CoreOptions, SecurityOptions, TaskManagerOptions } from '@flink-ts/core'
import { ClusterSecret, readClusterSecret } from '@flink-ts/core/security/secrets'
import type { ContainerContext, ContainerEnvironment } from '@flink-ts/runtime'
import { ticketOfSecret } from '../artifacts/sealing.js'
import { LaunchVariables } from '../launch/launch-environment.js'
import { bindTo, unlessSet } from './addresses.js'
import { noSecrets, notOurTask } from './container-error.js'
import { redeemTicket } from './redeem-ticket.js'
import { sandboxOf } from './sandbox.js'

/**
 * What a task says to its TaskManager. Configuration and secret come from the JobManager that launched it, for the ticket in the
 * environment, which is gone from there afterwards; neither touches the disk.
 *
 * @throws FlinkError FLINK_MESOS_CONTAINER, FLINK_CLUSTER_SECRET
 */
export async function taskManagerContainer(
  context: ContainerContext,
): Promise<ContainerEnvironment> {
  const { configuration: ofCommandLine, environment, clock } = context
  const artifacts = variable(environment, LaunchVariables.ARTIFACTS)
  const fileSecret = secretOfFile(ofCommandLine)
  const ticket =
    fileSecret === undefined
      ? variable(environment, LaunchVariables.TICKET)
      : ticketOfSecret(fileSecret, variable(environment, LaunchVariables.TASK_NAME))
  // What it starts, and its tasks, have no use for it.
  delete (environment as Record<string, string | undefined>)[LaunchVariables.TICKET]
  const { configuration: ofCluster, secret } = await redeemTicket({ artifacts, ticket, clock })
  const merged = Configuration.fromMap({ ...ofCluster, ...ofCommandLine.toMap() })
  const sandbox = sandboxOf(environment) ?? context.configurationFolder
  const host = merged.get(TaskManagerOptions.HOST)
  return {
    configuration: ofCluster,
    secret: fileSecret ?? clusterSecret(secret),
    properties: {
      ...(host === undefined ? {} : bindTo(merged, TaskManagerOptions.BIND_HOST.key, host)),
      ...unlessSet(merged, { [CoreOptions.TMP_DIRS.key]: `${sandbox}/tmp` }),
    },
    logFile: `${sandbox}/flink-taskmanager.log`,
  }
}

/** Undefined: no file on the agent has it. */
function secretOfFile(ofCommandLine: Configuration): ClusterSecret | undefined {
  const path = ofCommandLine.get(SecurityOptions.CLUSTER_SECRET_FILE)
  if (path === undefined) return undefined
  const secret = readClusterSecret(path)
  if (secret !== undefined) return secret
  throw noSecrets(
    `there is no file ${path} on this agent, where mesos.flink-ts.secret-path of the JobManager says that it is`,
  )
}

function clusterSecret(text: string | undefined): ClusterSecret {
  if (text === undefined) throw noSecrets('it is of another version')
  return ClusterSecret.fromText(text, 'the JobManager')
}

function variable(environment: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = environment[name]
  if (value) return value
  throw notOurTask(`${name} is not set`)
}
