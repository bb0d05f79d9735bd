import type { SlotReport, SlotStatus } from '../../messages/messages.generated.js'
import type { RegisteredTaskManager } from './registered-task-manager.js'
import type { SlotTracker } from './slot-tracker.js'
import type { TaskManagerSlot } from './task-manager-slot.js'

/**
 * Corrects what is known of a TaskManager's slots by its own words, but for those that changed since it was
 * asked.
 *
 * @param askedAt logical time
 * @returns whether anything changed
 */
export function applyReport(
  tracker: SlotTracker,
  taskManager: RegisteredTaskManager,
  report: SlotReport,
  askedAt: number,
): boolean {
  const before = tracker.logicalTime
  taskManager.isSuspect = false
  const listed = new Set<string>()
  for (const status of report.slots) {
    const slot = taskManager.slots.get(status.slotId.slotNumber)
    if (slot !== undefined) applyNumbered(tracker, slot, status, askedAt)
    else if (status.allocationId !== undefined) {
      listed.add(status.allocationId)
      applyDynamic(tracker, taskManager, status, askedAt)
    }
  }
  for (const [allocationId, slot] of taskManager.dynamicSlots) {
    const isGone = slot.state === 'ALLOCATED' && slot.changedAt <= askedAt
    if (isGone && !listed.has(allocationId)) tracker.free(slot)
  }
  for (const [allocationId, freedAt] of taskManager.formerDynamicSlots) {
    if (freedAt <= askedAt) taskManager.formerDynamicSlots.delete(allocationId)
  }
  return tracker.logicalTime !== before
}

function applyNumbered(
  tracker: SlotTracker,
  slot: TaskManagerSlot,
  { allocationId, jobId, assignedTasks }: SlotStatus,
  askedAt: number,
): void {
  if (slot.changedAt > askedAt) return
  slot.assignedTasks = assignedTasks
  if (allocationId === undefined || jobId === undefined) {
    slot.isSuspect = false
    if (slot.state === 'ALLOCATED') tracker.free(slot)
  } else if (slot.state === 'PENDING' && !slot.isOwnedBy(allocationId)) {
    // The answer to the pending request tells who of the two holds it.
  } else if (slot.state !== 'ALLOCATED' || !slot.isOwnedBy(allocationId)) {
    tracker.assign(slot, 'ALLOCATED', { jobId, allocationId })
  }
}

function applyDynamic(
  tracker: SlotTracker,
  taskManager: RegisteredTaskManager,
  { allocationId, jobId, profile, assignedTasks }: SlotStatus,
  askedAt: number,
): void {
  if (allocationId === undefined || jobId === undefined) return
  const freedAt = taskManager.formerDynamicSlots.get(allocationId)
  if (freedAt !== undefined && freedAt > askedAt) return
  const slot =
    taskManager.dynamicSlots.get(allocationId) ?? tracker.dynamicSlot(taskManager, profile)
  if (slot.changedAt > askedAt) return
  if (slot.state !== 'ALLOCATED') tracker.assign(slot, 'ALLOCATED', { jobId, allocationId })
  slot.assignedTasks = assignedTasks
}
