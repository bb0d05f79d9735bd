import type { ResourceProfile } from '../messages/messages.generated.js'
import type { JobGraph } from './job-graph.js'

/** What slots must have, by the names of the slot sharing groups that say so. */
export function slotProfilesOf({
  slotSharingGroups = [],
}: Pick<JobGraph, 'slotSharingGroups'>): ReadonlyMap<string, ResourceProfile> {
  return new Map(
    // Network memory belongs to the whole TaskManager: nobody asks for a part of it.
    slotSharingGroups.map(({ name, resources }) => [name, { ...resources, networkBytes: 0 }]),
  )
}
