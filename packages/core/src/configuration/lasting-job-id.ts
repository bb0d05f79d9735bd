import { createHash } from 'node:crypto'
import type { JobId } from '../ids/ids.js'
import type { Configuration } from './configuration.js'
import { isHighlyAvailable } from './is-highly-available.js'
import { HighAvailabilityOptions } from './options/high-availability-options.js'

/**
 * The id of the only job of a highly available cluster, which whoever leads next gives it as well: one for each
 * `high-availability.cluster-id`, since clusters may keep checkpoints in the same folder, below the ids of their jobs. That of the
 * default cluster has 32 zeros. Undefined: nobody goes on with the job, any id will do.
 */
export function lastingJobId(configuration: Configuration): JobId | undefined {
  if (!isHighlyAvailable(configuration)) return undefined
  const option = HighAvailabilityOptions.HA_CLUSTER_ID
  const clusterId = nameOf(configuration.get(option))
  if (clusterId === nameOf(option.defaultValue)) return '0'.repeat(32) as JobId
  return createHash('sha256').update(clusterId).digest('hex').slice(0, 32) as JobId
}

/** High availability takes `/a` and `a` for one. */
function nameOf(clusterId: string): string {
  return clusterId.trim().replace(/^\/+|\/+$/g, '')
}
