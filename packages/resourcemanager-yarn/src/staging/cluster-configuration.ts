import {
  type Configuration,
  DeploymentOptions,
  EnvOptions,
  FileSystemOptions,
  HighAvailabilityOptions,
  JobManagerOptions,
  ResourceManagerOptions,
  RestOptions,
  SecurityOptions,
  TaskManagerOptions,
  YarnOptions,
} from '@flink-ts/core'

/** Say something about the client, or its machine, alone. */
const OF_THE_CLIENT = [
  DeploymentOptions.TARGET,
  DeploymentOptions.ATTACHED,
  DeploymentOptions.SHUTDOWN_IF_ATTACHED,
  EnvOptions.LOG_DIR,
  EnvOptions.PID_DIR,
  EnvOptions.SSH_OPTS,
  YarnOptions.HADOOP_CONF_DIR,
  YarnOptions.YARN_CONF_DIR,
  YarnOptions.PROPERTIES_FILE_LOCATION,
  YarnOptions.SHIP_FILES,
  YarnOptions.SHIP_ARCHIVES,
  SecurityOptions.CLUSTER_SECRET_FILE,
  // Several JobManagers on one node cannot share a port: rest.bind-port says it for containers.
  RestOptions.PORT,
  JobManagerOptions.PORT,
].map(({ key }) => key)

/** As configurations of standalone clusters have them: in containers they would shut everybody out. */
const HOSTS = [
  JobManagerOptions.ADDRESS.key,
  JobManagerOptions.BIND_HOST.key,
  RestOptions.ADDRESS.key,
  RestOptions.BIND_ADDRESS.key,
  TaskManagerOptions.HOST.key,
  TaskManagerOptions.BIND_HOST.key,
]
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[?::1\]?)$/i

export interface ClusterConfigurationFacts {
  readonly applicationId: string
  /** How often YARN starts the JobManager. */
  readonly attempts: number
  /** Web addresses of NameNodes; empty: paths name them. */
  readonly nameNodes: readonly string[]
}

/** The configuration that the processes of a cluster start with: that of the client, less what is the client's alone. */
export function clusterConfiguration(
  client: Configuration,
  { applicationId, attempts, nameNodes }: ClusterConfigurationFacts,
): Configuration {
  const cluster = client.clone()
  for (const key of OF_THE_CLIENT) cluster.remove(key)
  for (const key of HOSTS) {
    if (LOOPBACK.test(cluster.getString(key)?.trim() ?? '')) cluster.remove(key)
  }
  cluster.set(ResourceManagerOptions.DRIVER, 'yarn')
  cluster.set(YarnOptions.APPLICATION_ID, applicationId)
  cluster.set(YarnOptions.APPLICATION_ATTEMPTS, attempts)
  if (nameNodes.length > 0) cluster.set(FileSystemOptions.WEBHDFS_NAMENODES, nameNodes)
  if (!cluster.contains(HighAvailabilityOptions.HA_CLUSTER_ID)) {
    cluster.set(HighAvailabilityOptions.HA_CLUSTER_ID, applicationId)
  }
  // Nodes are shared with strangers.
  cluster.set(SecurityOptions.REST_AUTHENTICATION_ENABLED, true)
  return cluster
}

/** The text of a `config.yaml` with exactly these entries. */
export function renderConfiguration(configuration: Configuration): string {
  // A JSON string is a YAML one.
  return Object.entries(configuration.toMap())
    .map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}\n`)
    .join('')
}
