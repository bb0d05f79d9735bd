import type { AssignedSlot } from '../../executiongraph/execution.js'

/**
 * Puts slots into such an order that as many groups of subtasks as can be run where they ran: in their slot, else on
 * their TaskManager.
 *
 * @param before the slots of the groups when they ran last, in order
 */
export function arrangeAsBefore(
  slots: readonly AssignedSlot[],
  before: readonly AssignedSlot[],
): AssignedSlot[] {
  const left = new Set(slots)
  const arranged = new Array<AssignedSlot | undefined>(slots.length).fill(undefined)
  const place = (isSame: (a: AssignedSlot, b: AssignedSlot) => boolean) => {
    for (const index of arranged.keys()) {
      const former = before[index]
      if (former === undefined || arranged[index] !== undefined) continue
      for (const slot of left) {
        if (!isSame(slot, former)) continue
        arranged[index] = slot
        left.delete(slot)
        break
      }
    }
  }
  place((a, b) => a.allocationId === b.allocationId)
  place((a, b) => a.location.resourceId === b.location.resourceId)
  const others = left.values()
  return arranged.map((slot) => slot ?? others.next().value!)
}
