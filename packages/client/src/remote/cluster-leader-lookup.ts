import { type Clock, FlinkError, isHighlyAvailable } from '@flink-ts/core'
import type { RestLeaderLookup } from '@flink-ts/rest/client'
import type { ClusterHandle } from '@flink-ts/runtime'
import { restLeaderLookup } from './rest-leader-lookup.js'

/** A cluster manager is asked that often while nobody is there. */
const ASK_AGAIN_MS = 500

/**
 * Finds the leading JobManager of a cluster that was deployed: where high availability says, else where the report of the
 * cluster manager says. Looking throws FLINK_CLUSTER_ENDED when the cluster has ended: nobody will come then.
 */
export function clusterLeaderLookup(handle: ClusterHandle, clock: Clock): RestLeaderLookup {
  const { clusterId, configuration } = handle
  const known = isHighlyAvailable(configuration)
    ? restLeaderLookup(configuration, clock)
    : undefined
  if (known === undefined) {
    return {
      description: `the report of ${clusterId}`,
      find: ({ patienceMs, unlike }) => findByReport(handle, clock, patienceMs, unlike),
    }
  }
  return {
    description: known.description,
    async find(options) {
      const found = await known.find(options)
      if (found === undefined || found === options.unlike) await reportedAddress(handle)
      return found
    },
  }
}

async function findByReport(
  handle: ClusterHandle,
  clock: Clock,
  patienceMs: number,
  unlike: string | undefined,
): Promise<string | undefined> {
  const until = clock.monotonicNow() + patienceMs
  for (;;) {
    const found = await reportedAddress(handle)
    const leftMs = until - clock.monotonicNow()
    if ((found !== undefined && found !== unlike) || leftMs <= 0) return found
    await new Promise<void>((resolve) => clock.schedule(Math.min(ASK_AGAIN_MS, leftMs), resolve))
  }
}

/** @throws FlinkError FLINK_CLUSTER_ENDED; what else is wrong for good */
async function reportedAddress(handle: ClusterHandle): Promise<string | undefined> {
  const report = await handle.report().catch((error: unknown) => {
    // The cluster manager is away for a moment: the cluster may be there all the same.
    if (FlinkError.is(error) && error.retriable) return undefined
    throw error
  })
  if (report?.state === 'ENDED') {
    const { status = 'UNKNOWN', diagnostics } = report
    const why = diagnostics.trim()
    throw new FlinkError(
      `The cluster ${handle.clusterId} has ended (${status})${why === '' ? '' : `: ${why}`}`,
      { code: 'FLINK_CLUSTER_ENDED' },
    )
  }
  return report?.restAddress === undefined ? undefined : `http://${report.restAddress}`
}
