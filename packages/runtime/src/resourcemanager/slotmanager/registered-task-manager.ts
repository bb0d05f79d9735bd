import type { Logger } from '@flink-ts/core'
import type { ResourceProfile, SlotReport } from '../../messages/messages.generated.js'
import {
  addProfiles,
  profileFits,
  subtractProfiles,
  timesInto,
  ZERO_RESOURCE_PROFILE,
} from './resource-profiles.js'
import { TaskManagerSlot } from './task-manager-slot.js'

/** A TaskManager that may get slots allocated. */
export interface TaskManagerRegistration {
  readonly resourceId: string
  readonly instanceId: string
  /** The machine that it runs on. */
  readonly nodeId?: string
  /** Of numbered slots; what the report lists behind them is dynamic. Default: all are numbered. */
  readonly numberOfSlots?: number
  /** Of all its slots together. Default: the sum of those in the report. */
  readonly totalProfile?: ResourceProfile
  readonly report: SlotReport
}

/** The slots of one registration of a TaskManager. */
export class RegisteredTaskManager {
  readonly resourceId: string
  readonly instanceId: string
  readonly nodeId: string | undefined
  readonly totalProfile: ResourceProfile
  /** The numbered slots, free or not. */
  readonly slots: ReadonlyMap<number, TaskManagerSlot>
  /** Slots that were carved out on request, by allocation; none of them is free. */
  readonly dynamicSlots = new Map<string, TaskManagerSlot>()
  /** Dynamic slots that became free, and when in logical time: older reports may still list them. */
  readonly formerDynamicSlots = new Map<string, number>()
  /** Those of {@link slots} that are free. */
  readonly freeSlots: Set<TaskManagerSlot>
  freeProfile: ResourceProfile
  /** A request for a dynamic slot failed: others are tried first for a while. */
  isSuspect = false
  /** Milliseconds since the epoch; undefined: a slot is taken. */
  idleSince: number | undefined

  constructor(
    registration: TaskManagerRegistration,
    intern: (profile: ResourceProfile) => ResourceProfile,
    log: Logger,
  ) {
    const { resourceId, instanceId, nodeId, report } = registration
    this.resourceId = resourceId
    this.instanceId = instanceId
    this.nodeId = nodeId
    const slots = new Map<number, TaskManagerSlot>()
    let sum = ZERO_RESOURCE_PROFILE
    for (const { slotId, profile, jobId } of report.slots) {
      const { slotNumber } = slotId
      // Behind the numbered slots the report lists dynamic ones, and these are all taken.
      if (
        jobId !== undefined &&
        slotNumber >= (registration.numberOfSlots ?? Number.POSITIVE_INFINITY)
      )
        continue
      slots.set(
        slotNumber,
        new TaskManagerSlot({ resourceId, slotNumber, profile: intern(profile), log }),
      )
      if (registration.totalProfile === undefined) sum = addProfiles(sum, profile)
    }
    this.slots = slots
    this.freeSlots = new Set(slots.values())
    this.totalProfile = intern(registration.totalProfile ?? sum)
    this.freeProfile = this.totalProfile
  }

  get isIdle(): boolean {
    return this.dynamicSlots.size === 0 && this.freeSlots.size === this.slots.size
  }

  /** Numbered slots that could be taken now. */
  get numberOfFreeSlots(): number {
    const free = this.freeSlots.size
    if (this.dynamicSlots.size === 0 || free === 0) return free
    const [slot] = this.freeSlots
    return Math.min(free, timesInto(slot!.profile, this.freeProfile))
  }

  /** From 0 to 1. */
  get utilization(): number {
    const taken = this.slots.size - this.freeSlots.size + this.dynamicSlots.size
    return taken / (this.slots.size + this.dynamicSlots.size)
  }

  take(profile: ResourceProfile): void {
    this.freeProfile = subtractProfiles(this.freeProfile, profile)
  }

  giveBack(profile: ResourceProfile): void {
    this.freeProfile = this.isIdle ? this.totalProfile : addProfiles(this.freeProfile, profile)
  }

  /** A free numbered slot that fits, not one that is in doubt. */
  findFreeSlot(profile: ResourceProfile | undefined): TaskManagerSlot | undefined {
    for (const slot of this.freeSlots) {
      if (slot.isSuspect || !profileFits(profile, slot.profile)) continue
      // Dynamic slots may have taken its share.
      if (this.dynamicSlots.size > 0 && !profileFits(slot.profile, this.freeProfile))
        return undefined
      return slot
    }
    return undefined
  }
}
