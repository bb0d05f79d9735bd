import type { ResourceProfile, ResourceRequirement } from '../../messages/messages.generated.js'
import { profileFits } from './resource-profiles.js'

/** What is held of a declaration and what is still missing. */
export interface RequirementMatch {
  readonly acquired: readonly ResourceRequirement[]
  readonly missing: readonly ResourceRequirement[]
}

/**
 * What one job requires and holds. Slots are counted by profile, so that matching takes no longer for a
 * job with many. Profiles are compared as objects: one must stand for all equal ones.
 */
export class JobRequirements {
  readonly #fineGrained: boolean
  readonly #held = new Map<ResourceProfile, number>()
  /** Nobody can take slots for it now. */
  isSuspended = false
  #required: readonly ResourceRequirement[] = []
  #particular: ReadonlySet<ResourceProfile> = new Set()

  /** @param fineGrained `cluster.fine-grained-resource-management.enabled` */
  constructor(fineGrained: boolean) {
    this.#fineGrained = fineGrained
  }

  /** As declared last; only those with a positive number. */
  get required(): readonly ResourceRequirement[] {
    return this.#required
  }

  get isEmpty(): boolean {
    return this.#required.length === 0 && this.#held.size === 0
  }

  /** @param requirements those of 0 slots say only that slots of their profile serve no other requirement */
  require(requirements: readonly ResourceRequirement[]): void {
    this.#required = requirements.filter(({ numberOfRequiredSlots: count }) => count > 0)
    this.#particular = new Set(requirements.flatMap(({ profile }) => profile ?? []))
    this.isSuspended = false
  }

  add(profile: ResourceProfile, count: 1 | -1): void {
    const held = (this.#held.get(profile) ?? 0) + count
    if (held === 0) this.#held.delete(profile)
    else this.#held.set(profile, held)
  }

  /**
   * Counts held slots against requirements, the particular ones before those without profile. With fine-grained
   * resource management a particular one is met by slots of exactly its profile, else by any that are large enough.
   */
  match(): RequirementMatch {
    const unused = new Map(this.#held)
    const acquired: ResourceRequirement[] = []
    const missing: ResourceRequirement[] = []
    for (const requirement of particularFirst(this.#required)) {
      let rest = requirement.numberOfRequiredSlots
      for (const [held, count] of unused) {
        if (rest === 0) break
        if (!this.serves(held, requirement.profile)) continue
        const taken = Math.min(rest, count)
        rest -= taken
        if (taken === count) unused.delete(held)
        else unused.set(held, count - taken)
      }
      const count = requirement.numberOfRequiredSlots - rest
      if (count > 0) acquired.push({ ...requirement, numberOfRequiredSlots: count })
      if (rest > 0) missing.push({ ...requirement, numberOfRequiredSlots: rest })
    }
    return { acquired, missing }
  }

  /** Whether a slot with the profile `held` counts for a requirement. */
  serves(held: ResourceProfile, required: ResourceProfile | undefined): boolean {
    if (!this.#fineGrained) return profileFits(required, held)
    return required === undefined ? !this.#particular.has(held) : required === held
  }
}

function particularFirst(
  requirements: readonly ResourceRequirement[],
): readonly ResourceRequirement[] {
  if (requirements.length < 2) return requirements
  return [...requirements].sort(
    (a, b) => Number(a.profile === undefined) - Number(b.profile === undefined),
  )
}
