import { FlinkError } from '@flink-ts/core'
import type { ClusterDescriptor, ClusterDescriptorContext } from '@flink-ts/runtime'

/**
 * Makes the descriptor of clusters on YARN: reads Hadoop's configuration, asks nothing yet.
 *
 * @throws FlinkError when it cannot be known where YARN is, or the cluster wants Kerberos
 */
export async function createClusterDescriptor(
  _context: ClusterDescriptorContext,
): Promise<ClusterDescriptor> {
  throw new FlinkError('Clusters on YARN are being built', { code: 'FLINK_YARN_DEPLOYMENT' })
}
