import type { AllocationId, CancelTimer, Logger } from '@flink-ts/core'
import type { AssignedSlot } from '../../executiongraph/execution.js'
import type { SlotOffer, TaskManagerLocation } from '../../messages/messages.generated.js'
import { type PendingSlotRequest, PendingSlotRequests } from './pending-slot-requests.js'
import type { ScheduleAction, SlotPreferences, SlotProvider, SlotRequest } from './slot-provider.js'

export type { ScheduleAction, SlotProvider, SlotRequest } from './slot-provider.js'

export interface SlotPoolOptions {
  readonly log: Logger
  readonly schedule: ScheduleAction
  /** `slot.idle.timeout`. */
  readonly idleTimeoutMs: number
  /** The number of slots that the job needs changed. */
  readonly onRequirementChanged: () => void
  /** Gives a slot back to its TaskManager. */
  readonly freeSlot: (slot: AssignedSlot, reason: string) => void
}

interface PooledSlot {
  readonly slot: AssignedSlot
  inUse: boolean
  cancelIdleTimer: CancelTimer | undefined
}

/** The slots of one TaskManager. */
interface TaskManagerSlots {
  readonly all: Set<PooledSlot>
  /** Longest free first. */
  readonly free: Set<PooledSlot>
}

/** The slots that TaskManagers gave to one job, and the wishes for more. */
export class SlotPool implements SlotProvider {
  readonly #options: SlotPoolOptions
  readonly #slots = new Map<string, PooledSlot>()
  readonly #taskManagers = new Map<string, TaskManagerSlots>()
  /** Those of `#slots` that nobody uses, longest free first. */
  readonly #free = new Set<PooledSlot>()
  readonly #pending = new PendingSlotRequests()
  readonly #heldBack = new Set<AllocationId>()
  #slotsInUse = 0

  constructor(options: SlotPoolOptions) {
    this.#options = options
  }

  get requiredSlots(): number {
    return this.#pending.size + this.#slotsInUse
  }

  get availableSlots(): number {
    return this.#slots.size
  }

  requestSlot(
    onGranted: (slot: AssignedSlot) => void,
    preferences: SlotPreferences = {},
  ): SlotRequest {
    const request: PendingSlotRequest = { onGranted, preferences }
    const free = this.#freeSlotFor(preferences)
    if (free === undefined) {
      this.#pending.add(request)
    } else {
      this.#use(free)
      onGranted(free.slot)
    }
    this.#options.onRequirementChanged()
    return {
      cancel: () => {
        if (this.#pending.remove(request)) this.#options.onRequirementChanged()
      },
    }
  }

  releaseSlot(allocationId: AllocationId): void {
    const pooled = this.#slots.get(allocationId)
    if (pooled === undefined || !pooled.inUse) return
    pooled.inUse = false
    this.#slotsInUse--
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
      if (pooled !== undefined && !pooled.inUse) this.#grantToPending(pooled)
    }
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
      if (this.#pending.size === 0) {
        this.#options.log.info('Refused a slot that the job does not need', { allocationId })
        continue
      }
      accepted.push(allocationId)
      const pooled = { slot: { allocationId, location }, inUse: false, cancelIdleTimer: undefined }
      this.#add(pooled)
      this.#becomeFree(pooled)
    }
    return accepted
  }

  /** The slot is gone. @returns it, or undefined if the pool did not hold it */
  removeSlot(allocationId: string): AssignedSlot | undefined {
    const pooled = this.#slots.get(allocationId)
    if (pooled === undefined) return undefined
    const { resourceId } = pooled.slot.location
    const taskManager = this.#taskManagers.get(resourceId)
    this.#slots.delete(allocationId)
    this.#free.delete(pooled)
    taskManager?.free.delete(pooled)
    taskManager?.all.delete(pooled)
    if (taskManager?.all.size === 0) this.#taskManagers.delete(resourceId)
    pooled.cancelIdleTimer?.()
    if (pooled.inUse) {
      this.#slotsInUse--
      this.#options.onRequirementChanged()
    }
    return pooled.slot
  }

  /** A TaskManager is gone, and with it these slots. */
  removeTaskManager(resourceId: string): AssignedSlot[] {
    return this.slotsOf(resourceId).flatMap((slot) => this.removeSlot(slot.allocationId) ?? [])
  }

  slotsOf(resourceId: string): AssignedSlot[] {
    return [...(this.#taskManagers.get(resourceId)?.all ?? [])].map(({ slot }) => slot)
  }

  /** The job has ended: all slots go back, no wish is granted any more. */
  releaseAll(reason: string): void {
    this.#pending.clear()
    for (const { slot } of [...this.#slots.values()]) {
      this.removeSlot(slot.allocationId)
      this.#options.freeSlot(slot, reason)
    }
    this.#options.onRequirementChanged()
  }

  #add(pooled: PooledSlot): void {
    const { allocationId, location } = pooled.slot
    this.#slots.set(allocationId, pooled)
    const known = this.#taskManagers.get(location.resourceId)
    if (known !== undefined) known.all.add(pooled)
    else this.#taskManagers.set(location.resourceId, { all: new Set([pooled]), free: new Set() })
  }

  #becomeFree(pooled: PooledSlot): void {
    this.#free.add(pooled)
    this.#taskManagers.get(pooled.slot.location.resourceId)?.free.add(pooled)
    if (!this.#grantToPending(pooled)) this.#armIdleTimer(pooled)
  }

  /** @returns whether somebody uses it now */
  #grantToPending(pooled: PooledSlot): boolean {
    const { allocationId, location } = pooled.slot
    const request =
      this.#pending.forPrevious(allocationId) ??
      (this.#heldBack.has(allocationId)
        ? undefined
        : this.#pending.forTaskManager(location.resourceId))
    if (request === undefined) return false
    this.#pending.remove(request)
    this.#use(pooled)
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

  #use(pooled: PooledSlot): void {
    pooled.cancelIdleTimer?.()
    pooled.cancelIdleTimer = undefined
    this.#free.delete(pooled)
    this.#taskManagers.get(pooled.slot.location.resourceId)?.free.delete(pooled)
    pooled.inUse = true
    this.#slotsInUse++
  }

  #freeSlotFor({ previous, taskManagers = [] }: SlotPreferences): PooledSlot | undefined {
    const own = previous === undefined ? undefined : this.#slots.get(previous)
    if (own !== undefined && !own.inUse) return own
    for (const resourceId of taskManagers) {
      const local = this.#firstGrantable(this.#taskManagers.get(resourceId)?.free ?? [])
      if (local !== undefined) return local
    }
    return this.#firstGrantable(this.#free)
  }

  #firstGrantable(slots: Iterable<PooledSlot>): PooledSlot | undefined {
    for (const pooled of slots) {
      if (!this.#heldBack.has(pooled.slot.allocationId)) return pooled
    }
    return undefined
  }
}
