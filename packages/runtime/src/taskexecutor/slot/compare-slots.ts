import type { TaskSlotTable } from './task-slot-table.js'

/** Heartbeats in a row in which a JobMaster must not name an ACTIVE slot before it is taken from it. */
const UNCLAIMED_HEARTBEATS = 2

/**
 * Compares the slots of a job with those that a heartbeat of its JobMaster names, whose view may be older: one heartbeat alone
 * proves nothing.
 *
 * @returns allocations that it does not hold any more, and those that it believes to hold
 */
export function compareSlots(
  slots: TaskSlotTable,
  jobId: string,
  claimed: readonly string[],
): { readonly unclaimed: readonly string[]; readonly missing: readonly string[] } {
  const unclaimed: string[] = []
  for (const slot of slots.slotsOf(jobId, 'ACTIVE')) {
    const { allocationId } = slot
    slot.unclaimedHeartbeats = claimed.includes(allocationId) ? 0 : slot.unclaimedHeartbeats + 1
    if (slot.unclaimedHeartbeats >= UNCLAIMED_HEARTBEATS) unclaimed.push(allocationId)
  }
  return { unclaimed, missing: claimed.filter((id) => slots.get(id) === undefined) }
}
