import assert from 'node:assert/strict'
import type { ResourceProfile, ResourceRequirement } from '../../messages/messages.generated.js'
import { profileKey } from '../../resourcemanager/slotmanager/resource-profiles.js'

interface Count {
  readonly profile: ResourceProfile | undefined
  count: number
}

const ANY_PROFILE = ''

/** How many slots of each profile a job needs. */
export class RequiredSlots {
  readonly #counts = new Map<string, Count>()
  #total = 0

  /** @param profiles that the job may need sooner or later */
  constructor(profiles: Iterable<ResourceProfile>) {
    this.#counts.set(ANY_PROFILE, { profile: undefined, count: 0 })
    for (const profile of profiles) this.#counts.set(profileKey(profile), { profile, count: 0 })
  }

  get total(): number {
    return this.#total
  }

  /**
   * As they are declared; empty if the job needs nothing. A profile of which no slots are needed now stands
   * there with 0: its slots serve no other wish.
   */
  get requirements(): ResourceRequirement[] {
    if (this.#total === 0) return []
    return [...this.#counts.values()].flatMap(({ profile, count }) => {
      if (profile === undefined) return count === 0 ? [] : [{ numberOfRequiredSlots: count }]
      return [{ profile, numberOfRequiredSlots: count }]
    })
  }

  change(profile: ResourceProfile | undefined, by: 1 | -1): void {
    const counter = this.#counts.get(profile === undefined ? ANY_PROFILE : profileKey(profile))
    assert(counter !== undefined, 'only profiles of the job are wished for')
    counter.count += by
    this.#total += by
    assert(counter.count >= 0, 'slots that are not needed any more were needed')
  }

  clear(): void {
    for (const counter of this.#counts.values()) counter.count = 0
    this.#total = 0
  }
}
