import type { Logger } from '@flink-ts/core'
import { toErrorInfo } from '../../messages/error-info.js'
import type { JobConnection } from '../job-connection.js'
import type { TaskSlotTable } from './task-slot-table.js'

/** Heartbeats in a row in which a JobMaster must not name an ACTIVE slot before it is taken from it. */
const UNCLAIMED_HEARTBEATS = 2

export interface ReconcileSlotsContext {
  readonly resourceId: string
  readonly slots: TaskSlotTable
  readonly freeSlot: (allocationId: string, cause: Error) => void
  readonly log: Logger
}

/**
 * Makes a job's slots here and those that a heartbeat of its JobMaster names the same: it loses what it does not hold any more, and is
 * told what it believes to hold. Its view may be older, so that one heartbeat alone takes nothing from it.
 */
export function reconcileSlots(
  { jobId, gateway }: Pick<JobConnection, 'jobId' | 'gateway'>,
  claimed: readonly string[],
  { resourceId, slots, freeSlot, log }: ReconcileSlotsContext,
): void {
  for (const slot of slots.slotsOf(jobId, 'ACTIVE')) {
    const { allocationId } = slot
    slot.unclaimedHeartbeats = claimed.includes(allocationId) ? 0 : slot.unclaimedHeartbeats + 1
    if (slot.unclaimedHeartbeats >= UNCLAIMED_HEARTBEATS) {
      freeSlot(allocationId, new Error('its JobMaster does not hold the slot'))
    }
  }
  for (const allocationId of claimed) {
    if (slots.get(allocationId) !== undefined) continue
    const cause = toErrorInfo(new Error(`TaskManager ${resourceId} has no slot ${allocationId}`))
    gateway.failSlot({ resourceId, allocationId, cause }).catch((error) => {
      // The next heartbeat tells it again.
      log.debug('A JobMaster was not told of a missing slot', { jobId, error })
    })
  }
}
