import type { ResourceProfile, ResourceRequirement } from '../../messages/messages.generated.js'
import { profileFits } from './resource-profiles.js'

/** What is held of a declaration and what is still missing. */
export interface RequirementMatch {
  readonly acquired: readonly ResourceRequirement[]
  readonly missing: readonly ResourceRequirement[]
}

/** How many slots of each profile a job holds. */
export type HeldSlots = ReadonlyMap<ResourceProfile, number>

/**
 * What one job requires and holds. Slots are counted by profile, so that matching takes no longer for a
 * job with many.
 */
export class JobRequirements {
  /** As declared last; only those with a positive number. */
  required: readonly ResourceRequirement[] = []
  readonly #held = new Map<ResourceProfile, number>()

  get isEmpty(): boolean {
    return this.required.length === 0 && this.#held.size === 0
  }

  /** @param profile the one object that stands for all equal ones */
  add(profile: ResourceProfile, count: 1 | -1): void {
    const held = (this.#held.get(profile) ?? 0) + count
    if (held === 0) this.#held.delete(profile)
    else this.#held.set(profile, held)
  }

  match(): RequirementMatch {
    return matchRequirements(this.required, this.#held)
  }
}

/** Counts held slots against requirements, the particular ones before those that any slot fits. */
export function matchRequirements(
  requirements: readonly ResourceRequirement[],
  held: HeldSlots,
): RequirementMatch {
  const unused = new Map(held)
  const acquired: ResourceRequirement[] = []
  const missing: ResourceRequirement[] = []
  for (const requirement of particularFirst(requirements)) {
    let rest = requirement.numberOfRequiredSlots
    for (const [profile, count] of unused) {
      if (rest === 0) break
      if (!profileFits(requirement.profile, profile)) continue
      const taken = Math.min(rest, count)
      rest -= taken
      if (taken === count) unused.delete(profile)
      else unused.set(profile, count - taken)
    }
    const count = requirement.numberOfRequiredSlots - rest
    if (count > 0) acquired.push({ ...requirement, numberOfRequiredSlots: count })
    if (rest > 0) missing.push({ ...requirement, numberOfRequiredSlots: rest })
  }
  return { acquired, missing }
}

function particularFirst(
  requirements: readonly ResourceRequirement[],
): readonly ResourceRequirement[] {
  if (requirements.length < 2) return requirements
  return [...requirements].sort(
    (a, b) => Number(a.profile === undefined) - Number(b.profile === undefined),
  )
}
