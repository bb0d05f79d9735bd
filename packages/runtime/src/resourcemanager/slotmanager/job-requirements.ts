import type { ResourceRequirement } from '../../messages/messages.generated.js'
import { profileFits } from './resource-profiles.js'
import type { TaskManagerSlot } from './task-manager-slot.js'

/** What is held of a declaration and what is still missing. */
export interface RequirementMatch {
  readonly acquired: readonly ResourceRequirement[]
  readonly missing: readonly ResourceRequirement[]
}

/** Counts held slots against declared requirements, the particular ones before those that any slot fits. */
export function matchRequirements(
  requirements: readonly ResourceRequirement[],
  held: Iterable<TaskManagerSlot>,
): RequirementMatch {
  const unused = new Set(held)
  const acquired: ResourceRequirement[] = []
  const missing: ResourceRequirement[] = []
  for (const requirement of particularFirst(requirements)) {
    let count = 0
    for (const slot of unused) {
      if (count === requirement.numberOfRequiredSlots) break
      if (!profileFits(requirement.profile, slot.profile)) continue
      unused.delete(slot)
      count++
    }
    const rest = requirement.numberOfRequiredSlots - count
    if (count > 0) acquired.push({ ...requirement, numberOfRequiredSlots: count })
    if (rest > 0) missing.push({ ...requirement, numberOfRequiredSlots: rest })
  }
  return { acquired, missing }
}

function particularFirst(requirements: readonly ResourceRequirement[]): ResourceRequirement[] {
  return [...requirements].sort(
    (a, b) => Number(a.profile === undefined) - Number(b.profile === undefined),
  )
}
