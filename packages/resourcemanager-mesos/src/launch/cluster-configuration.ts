import {
  type Configuration,
  EnvOptions,
  JobManagerOptions,
  MesosOptions,
  RestOptions,
  SecurityOptions,
  TaskManagerOptions,
} from '@flink-ts/core'

/** Say something about the JobManager, or its machine, alone. */
const OF_THE_JOB_MANAGER = [
  SecurityOptions.CLUSTER_SECRET_FILE,
  // Its address may have a password.
  MesosOptions.MASTER_URL,
  MesosOptions.MASTER_SSL_ENABLED,
  MesosOptions.MASTER_SSL_TRUSTSTORE,
  MesosOptions.MASTER_SSL_TRUSTSTORE_PASSWORD,
  MesosOptions.MASTER_SSL_KEYSTORE,
  MesosOptions.MASTER_SSL_KEYSTORE_PASSWORD,
  MesosOptions.MASTER_SSL_KEY_PASSWORD,
  MesosOptions.MASTER_SSL_VERIFY_HOSTNAME,
  MesosOptions.FRAMEWORK_PRINCIPAL,
  MesosOptions.FRAMEWORK_SECRET,
  MesosOptions.FRAMEWORK_ID_FILE,
  EnvOptions.LOG_DIR,
  EnvOptions.PID_DIR,
  EnvOptions.SSH_OPTS,
  JobManagerOptions.ADDRESS,
  JobManagerOptions.PORT,
  JobManagerOptions.BIND_HOST,
  JobManagerOptions.RPC_BIND_PORT,
  JobManagerOptions.RESOURCE_ID,
  RestOptions.ADDRESS,
  RestOptions.PORT,
  RestOptions.BIND_ADDRESS,
  RestOptions.BIND_PORT,
  // Each has one of its own.
  TaskManagerOptions.RESOURCE_ID,
  TaskManagerOptions.HOST,
]

/** What TaskManagers are configured with: as the JobManager, less what is its own. May hold passwords. */
export function clusterConfiguration(jobManager: Configuration): Record<string, string> {
  const cluster = jobManager.clone()
  for (const { key } of OF_THE_JOB_MANAGER) cluster.remove(key)
  return cluster.toMap()
}
