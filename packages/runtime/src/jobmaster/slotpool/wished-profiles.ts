import type { ResourceProfile } from '../../messages/messages.generated.js'
import { profileFits, profileKey } from '../../resourcemanager/slotmanager/resource-profiles.js'

/** Slots that serve the same wishes. */
export interface SlotKind {
  readonly key: string
  readonly profile: ResourceProfile
}

/**
 * Which slots serve which wishes: the same rule by which the ResourceManager counts what a job holds against
 * what it declared, so that both agree on what is missing.
 *
 * With fine-grained resource management a wish with a profile is served by slots of exactly that profile,
 * which serve no other wish. Without it, a wish is served by every slot that is large enough.
 */
export class WishedProfiles {
  readonly #fineGrained: boolean
  readonly #particular: ReadonlyMap<string, ResourceProfile>
  readonly #kinds = new Map<string, SlotKind>()

  /** @param particular of the slot sharing groups of the job that have one */
  constructor(fineGrained: boolean, particular: Iterable<ResourceProfile>) {
    this.#fineGrained = fineGrained
    this.#particular = new Map([...particular].map((profile) => [profileKey(profile), profile]))
  }

  /** Each once. */
  get particular(): Iterable<ResourceProfile> {
    return this.#particular.values()
  }

  kindOf(profile: ResourceProfile): SlotKind {
    // Where no wish has a profile, slots do not differ.
    const key = this.#particular.size === 0 ? '' : profileKey(profile)
    let kind = this.#kinds.get(key)
    if (kind === undefined) {
      kind = { key, profile }
      this.#kinds.set(key, kind)
    }
    return kind
  }

  /** @param wished undefined: a wish without profile */
  serves({ key, profile }: SlotKind, wished: ResourceProfile | undefined): boolean {
    if (!this.#fineGrained || this.#particular.size === 0) return profileFits(wished, profile)
    return wished === undefined ? !this.#particular.has(key) : profileKey(wished) === key
  }
}
