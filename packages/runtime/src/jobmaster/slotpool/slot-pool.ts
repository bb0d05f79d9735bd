import type { AllocationId, Logger } from '@flink-ts/core'
import type { AssignedSlot } from '../../executiongraph/execution.js'
import type {
  ResourceProfile,
  ResourceRequirement,
  SlotOffer,
  TaskManagerLocation,
} from '../../messages/messages.generated.js'
import { MatchingRounds } from './matching-rounds.js'
import {
  type PendingSlotRequest,
  PendingSlotRequests,
  type ServesProfile,
} from './pending-slot-requests.js'
import { type PooledSlot, PooledSlots, tasksOf } from './pooled-slots.js'
import { RequiredSlots } from './required-slots.js'
import type { ScheduleAction, SlotProvider, SlotRequest, SlotWish } from './slot-provider.js'
import { type SlotKind, WishedProfiles } from './wished-profiles.js'

export type { ScheduleAction, SlotProvider, SlotRequest } from './slot-provider.js'

export interface SlotPoolOptions {
  readonly log: Logger
  readonly schedule: ScheduleAction
  /** `slot.idle.timeout`. */
  readonly idleTimeoutMs: number
  /** `cluster.fine-grained-resource-management.enabled`. Default false. */
  readonly fineGrained?: boolean
  /** That slot sharing groups of the job ask for. Default: none does. */
  readonly profiles?: Iterable<ResourceProfile>
  /**
   * `taskmanager.load-balance.mode: TASKS`: slots are chosen so that TaskManagers get equally many tasks, in
   * rounds that wait `intervalMs` for more slots. Default: slots are granted one by one as they come.
   */
  readonly balanceTasks?: { readonly intervalMs: number } | undefined
  /** The number of slots that the job needs changed. */
  readonly onRequirementChanged: () => void
  /** Gives a slot back to its TaskManager. */
  readonly freeSlot: (slot: AssignedSlot, reason: string) => void
}

/** The slots that TaskManagers gave to one job, and the wishes for more. */
export class SlotPool implements SlotProvider {
  readonly #options: SlotPoolOptions
  readonly #slots = new PooledSlots()
  readonly #pending = new PendingSlotRequests()
  readonly #heldBack = new Set<AllocationId>()
  readonly #profiles: WishedProfiles
  readonly #required: RequiredSlots
  readonly #rounds: MatchingRounds | undefined
  #shortage: string | undefined

  constructor(options: SlotPoolOptions) {
    this.#options = options
    const { fineGrained = false, profiles = [] } = options
    this.#profiles = new WishedProfiles(fineGrained, profiles)
    this.#required = new RequiredSlots(this.#profiles.particular)
    const { schedule, balanceTasks } = options
    if (balanceTasks !== undefined) {
      this.#rounds = new MatchingRounds({
        schedule,
        ...balanceTasks,
        isComplete: () => this.#slots.size >= this.requiredSlots,
        match: () => this.#matchBalanced(),
      })
    }
  }

  get requiredSlots(): number {
    return this.#required.total
  }

  /** What the job must declare at the ResourceManager: slots that are used or wished for. */
  get requirements(): readonly ResourceRequirement[] {
    return this.#required.requirements
  }

  get shortage(): string | undefined {
    return this.#pending.size === 0 ? undefined : this.#shortage
  }

  /** The ResourceManager says that it cannot serve all wishes, and why. */
  notEnoughResources(reason: string | undefined): void {
    this.#shortage = reason
  }

  get availableSlots(): number {
    return this.#slots.size
  }

  requestSlot(onGranted: (slot: AssignedSlot) => void, wish: SlotWish = {}): SlotRequest {
    const request: PendingSlotRequest = { onGranted, wish }
    const free = this.#freeSlotFor(wish)
    this.#required.change(wish.profile, 1)
    if (free === undefined) {
      if (this.#pending.size === 0) this.#shortage = undefined
      this.#pending.add(request)
      this.#rounds?.changed()
    } else {
      this.#use(free, wish)
      onGranted(free.slot)
    }
    this.#options.onRequirementChanged()
    return {
      cancel: () => {
        if (!this.#pending.remove(request)) return
        this.#required.change(wish.profile, -1)
        this.#options.onRequirementChanged()
      },
    }
  }

  releaseSlot(allocationId: AllocationId): void {
    const pooled = this.#slots.get(allocationId)
    if (pooled?.usedFor === undefined) return
    this.#required.change(pooled.usedFor.profile, -1)
    this.#becomeFree(pooled)
    this.#options.onRequirementChanged()
  }

  holdBack(allocationIds: Iterable<AllocationId>): void {
    for (const allocationId of allocationIds) this.#heldBack.add(allocationId)
  }

  yieldBack(allocationIds: Iterable<AllocationId>): void {
    for (const allocationId of allocationIds) {
      this.#heldBack.delete(allocationId)
      const pooled = this.#slots.get(allocationId)
      if (pooled !== undefined && pooled.usedFor === undefined) this.#grantToPending(pooled)
    }
    if (this.#pending.size > 0) this.#rounds?.changed()
  }

  /**
   * Takes offered slots as far as the job needs them. Repeating an offer changes nothing.
   *
   * @returns allocation ids of those that the job holds now; the TaskManager frees the others
   */
  offerSlots(location: TaskManagerLocation, offers: readonly SlotOffer[]): AllocationId[] {
    const accepted: AllocationId[] = []
    for (const offer of offers) {
      const allocationId = offer.allocationId as AllocationId
      const known = this.#slots.get(allocationId)
      if (known !== undefined) {
        if (known.slot.location.resourceId === location.resourceId) accepted.push(allocationId)
        continue
      }
      const kind = this.#profiles.kindOf(offer.profile)
      if (!this.#pending.isServed(this.#servesBy(kind))) {
        this.#options.log.info('Refused a slot that the job does not need', { allocationId })
        continue
      }
      accepted.push(allocationId)
      const slot = { allocationId, location }
      const pooled = { slot, kind, usedFor: undefined, cancelIdleTimer: undefined }
      this.#slots.add(pooled)
      this.#becomeFree(pooled)
    }
    return accepted
  }

  /** The slot is gone. @returns it, or undefined if the pool did not hold it */
  removeSlot(allocationId: string): AssignedSlot | undefined {
    const pooled = this.#slots.get(allocationId)
    if (pooled === undefined) return undefined
    this.#slots.remove(pooled)
    pooled.cancelIdleTimer?.()
    if (pooled.usedFor !== undefined) {
      this.#required.change(pooled.usedFor.profile, -1)
      this.#options.onRequirementChanged()
    }
    return pooled.slot
  }

  /** A TaskManager is gone, and with it these slots. */
  removeTaskManager(resourceId: string): AssignedSlot[] {
    return this.slotsOf(resourceId).flatMap((slot) => this.removeSlot(slot.allocationId) ?? [])
  }

  slotsOf(resourceId: string): AssignedSlot[] {
    return [...this.#slots.of(resourceId)].map(({ slot }) => slot)
  }

  /** The job has ended: all slots go back, no wish is granted any more. */
  releaseAll(reason: string): void {
    this.#pending.clear()
    this.#rounds?.close()
    for (const { slot } of [...this.#slots]) {
      this.removeSlot(slot.allocationId)
      this.#options.freeSlot(slot, reason)
    }
    this.#required.clear()
    this.#options.onRequirementChanged()
  }

  #becomeFree(pooled: PooledSlot): void {
    this.#slots.freed(pooled)
    if (this.#grantToPending(pooled)) return
    this.#armIdleTimer(pooled)
    if (this.#pending.size > 0) this.#rounds?.changed()
  }

  /** @returns whether somebody uses it now */
  #grantToPending(pooled: PooledSlot): boolean {
    const { allocationId, location } = pooled.slot
    const serves = this.#servesBy(pooled.kind)
    const request =
      this.#pending.forPrevious(allocationId, serves) ??
      (this.#rounds !== undefined || this.#heldBack.has(allocationId)
        ? undefined
        : this.#pending.forTaskManager(location.resourceId, serves))
    if (request === undefined) return false
    this.#pending.remove(request)
    this.#use(pooled, request.wish)
    request.onGranted(pooled.slot)
    return true
  }

  #armIdleTimer(pooled: PooledSlot): void {
    const { schedule, idleTimeoutMs, freeSlot } = this.#options
    pooled.cancelIdleTimer = schedule(idleTimeoutMs, () => {
      this.removeSlot(pooled.slot.allocationId)
      freeSlot(pooled.slot, 'the job did not use it for slot.idle.timeout')
    })
  }

  #use(pooled: PooledSlot, wish: SlotWish): void {
    pooled.cancelIdleTimer?.()
    pooled.cancelIdleTimer = undefined
    this.#slots.used(pooled, wish)
  }

  #freeSlotFor({ profile, previous, taskManagers = [] }: SlotWish): PooledSlot | undefined {
    const own = previous === undefined ? undefined : this.#slots.get(previous)
    if (own !== undefined && own.usedFor === undefined && this.#serves(own.kind, profile)) {
      return own
    }
    if (this.#rounds !== undefined) return undefined
    return this.#slots.firstFree(
      taskManagers,
      (kind) => this.#serves(kind, profile),
      (pooled) => this.#isGrantable(pooled),
    )
  }

  /** The wishes for most tasks first, each on the TaskManager that has the fewest. */
  #matchBalanced(): void {
    const largestFirst = [...this.#pending].sort((a, b) => tasksOf(b.wish) - tasksOf(a.wish))
    for (const request of largestFirst) {
      const pooled = this.#slots.leastBusy(
        (free) => this.#isGrantable(free) && this.#serves(free.kind, request.wish.profile),
      )
      if (pooled === undefined || !this.#pending.remove(request)) continue
      this.#use(pooled, request.wish)
      request.onGranted(pooled.slot)
    }
  }

  #isGrantable({ slot }: PooledSlot): boolean {
    return !this.#heldBack.has(slot.allocationId)
  }

  #serves(kind: SlotKind, profile: ResourceProfile | undefined): boolean {
    return this.#profiles.serves(kind, profile)
  }

  #servesBy(kind: SlotKind): ServesProfile {
    return (profile) => this.#serves(kind, profile)
  }
}
