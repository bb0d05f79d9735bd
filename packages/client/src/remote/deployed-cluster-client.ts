import type { Clock } from '@flink-ts/core'
import type { LeaderChanges, RestClusterClient } from '@flink-ts/rest/client'
import type { ClusterHandle } from '@flink-ts/runtime'
import { clusterLeaderLookup } from './cluster-leader-lookup.js'
import { clusterRestClient } from './cluster-rest-client.js'

/**
 * A client of a cluster that was deployed or found, also when its JobManager starts again elsewhere. Its calls throw
 * FLINK_CLUSTER_ENDED with what the cluster manager says when nobody is there any more.
 */
export function deployedClusterClient(
  options: { readonly handle: ClusterHandle; readonly clock: Clock } & Pick<
    LeaderChanges,
    'onWaiting' | 'onFound'
  >,
): RestClusterClient {
  const { handle, ...others } = options
  return clusterRestClient({
    ...others,
    configuration: handle.configuration,
    secret: handle.secret,
    lookup: clusterLeaderLookup(handle, options.clock),
  })
}
