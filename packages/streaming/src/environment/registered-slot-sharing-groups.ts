import type { SlotSharingGroupResources } from '@flink-ts/runtime/program'
import { checkText } from '../datastream/operator-settings.js'
import { SlotSharingGroup } from './slot-sharing-group.js'

/** The slot sharing groups of an environment that have resources. */
export class RegisteredSlotSharingGroups {
  readonly #resources = new Map<string, SlotSharingGroupResources>()

  /** By the name of the group. */
  get resources(): ReadonlyMap<string, SlotSharingGroupResources> {
    return this.#resources
  }

  /** The last registration of a name counts. */
  register(group: SlotSharingGroup): void {
    if (group.resources === undefined) this.#resources.delete(group.getName())
    else this.#resources.set(group.getName(), group.resources)
  }

  /** A group that an operator names. @returns its name */
  use(group: string | SlotSharingGroup): string {
    if (!(group instanceof SlotSharingGroup)) return checkText('a slot sharing group', group)
    // Without resources it names those that are registered, if any.
    if (group.resources !== undefined) this.register(group)
    return group.getName()
  }
}
