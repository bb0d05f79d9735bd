import { type Configuration, FlinkError, SecurityOptions } from '@flink-ts/core'
import {
  type ClusterSecret,
  clusterSecretPath,
  readClusterSecret,
} from '@flink-ts/core/security/secrets'

/**
 * The secret of the cluster that a configuration names: of `security.cluster.secret-file`, else of the folder.
 *
 * @throws FlinkError FLINK_CLUSTER_SECRET when there is none, or others can read it
 */
export function configuredSecret(
  configuration: Configuration,
  configurationFolder: string | undefined,
): ClusterSecret {
  const { key } = SecurityOptions.CLUSTER_SECRET_FILE
  const secret = presentSecret(configuration, configurationFolder)
  if (secret !== undefined) return secret
  const named = configuration.get(SecurityOptions.CLUSTER_SECRET_FILE)
  const path = secretPath(configuration, configurationFolder)
  throw new FlinkError(
    `Cannot prove to the cluster that this client knows its secret (${SecurityOptions.REST_AUTHENTICATION_ENABLED.key}): ` +
      `${path === undefined ? `${key} names no file` : `there is no ${path}`}; copy the file cluster-secret from the ` +
      `machine of the JobManager, with mode 0600${named === undefined ? `, or set ${key}` : ''}`,
    { code: 'FLINK_CLUSTER_SECRET' },
  )
}

/**
 * The same, if there is one.
 *
 * @throws FlinkError FLINK_CLUSTER_SECRET when others can read it
 */
export function presentSecret(
  configuration: Configuration,
  configurationFolder: string | undefined,
): ClusterSecret | undefined {
  const path = secretPath(configuration, configurationFolder)
  return path === undefined ? undefined : readClusterSecret(path)
}

function secretPath(
  configuration: Configuration,
  configurationFolder: string | undefined,
): string | undefined {
  const named = configuration.get(SecurityOptions.CLUSTER_SECRET_FILE)
  if (named === undefined && configurationFolder === undefined) return undefined
  return clusterSecretPath(configuration, configurationFolder ?? '.')
}
