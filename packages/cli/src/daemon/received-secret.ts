import type { Configuration } from '@flink-ts/core'
import {
  ClusterSecret,
  clusterSecretPath,
  readClusterSecret,
  writeClusterSecret,
} from '@flink-ts/core/security'

/** The word behind `start` with which a starter on another host announces the cluster's secret. */
export const SECRET_FROM_STDIN = '--secret-stdin'

/**
 * Keeps the secret that the starter of the cluster sends: from now on it is that of this host, too.
 *
 * @throws FlinkError FLINK_CLUSTER_SECRET
 */
export async function receiveClusterSecret(
  input: AsyncIterable<Buffer | string>,
  configuration: Configuration,
  configDir: string,
): Promise<void> {
  let text = ''
  for await (const chunk of input) {
    text += chunk.toString()
    // More than any secret has.
    if (text.length > 10_000) break
  }
  const secret = ClusterSecret.fromText(text, 'the standard input')
  const path = clusterSecretPath(configuration, configDir)
  // On a shared file system the file is there already, and others may be reading it.
  if (readClusterSecret(path)?.equals(secret) !== true) writeClusterSecret(path, secret)
}
