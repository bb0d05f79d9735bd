import type { AllocationId, CancelTimer, Logger } from '@flink-ts/core'
import type { AssignedSlot } from '../../executiongraph/execution.js'
import type { SlotOffer, TaskManagerLocation } from '../../messages/messages.generated.js'

/** Delays an action in the owner's main thread. */
export type ScheduleAction = (delayMs: number, action: () => void) => CancelTimer

/** A wish for one slot. */
export interface SlotRequest {
  /** The wish is withdrawn; does nothing once it was granted. */
  cancel(): void
}

/** What the scheduler needs of a slot pool. */
export interface SlotProvider {
  /**
   * @param onGranted called once, possibly before this call returns
   * @param preferred taken if it is free: the slot of an earlier attempt
   */
  requestSlot(
    onGranted: (slot: AssignedSlot) => void,
    preferred: AllocationId | undefined,
  ): SlotRequest
  /** The slot is not used any more. Unknown ones (lost meanwhile) are ignored. */
  releaseSlot(allocationId: AllocationId): void
  /** Slots that are held or wished for. */
  readonly requiredSlots: number
  /** Slots that are held, used or not. */
  readonly availableSlots: number
}

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

interface PendingRequest {
  readonly onGranted: (slot: AssignedSlot) => void
  readonly preferred: AllocationId | undefined
}

/** The slots that TaskManagers gave to one job, and the wishes for more; oldest wish first. */
export class SlotPool implements SlotProvider {
  readonly #options: SlotPoolOptions
  readonly #slots = new Map<string, PooledSlot>()
  /** Those of `#slots` that nobody uses, longest free first. */
  readonly #free = new Set<PooledSlot>()
  readonly #pending = new Set<PendingRequest>()
  /** Those of `#pending` that prefer a slot, by that slot. */
  readonly #pendingByPreferred = new Map<string, PendingRequest>()
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
    preferred: AllocationId | undefined,
  ): SlotRequest {
    const request: PendingRequest = { onGranted, preferred }
    const free = this.#freeSlotFor(request)
    if (free !== undefined) {
      this.#grant(free, request)
    } else {
      this.#pending.add(request)
      if (preferred !== undefined) this.#pendingByPreferred.set(preferred, request)
    }
    this.#options.onRequirementChanged()
    return {
      cancel: () => {
        if (this.#removePending(request)) this.#options.onRequirementChanged()
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
      const pooled = { slot: { allocationId, location }, inUse: false, cancelIdleTimer: undefined }
      this.#slots.set(allocationId, pooled)
      accepted.push(allocationId)
      this.#becomeFree(pooled)
    }
    return accepted
  }

  /** The slot is gone. @returns it, or undefined if the pool did not hold it */
  removeSlot(allocationId: string): AssignedSlot | undefined {
    const pooled = this.#slots.get(allocationId)
    if (pooled === undefined) return undefined
    this.#slots.delete(allocationId)
    this.#free.delete(pooled)
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
    return [...this.#slots.values()]
      .map(({ slot }) => slot)
      .filter((slot) => slot.location.resourceId === resourceId)
  }

  /** The job has ended: all slots go back, no wish is granted any more. */
  releaseAll(reason: string): void {
    this.#pending.clear()
    this.#pendingByPreferred.clear()
    for (const { slot } of [...this.#slots.values()]) {
      this.removeSlot(slot.allocationId)
      this.#options.freeSlot(slot, reason)
    }
    this.#options.onRequirementChanged()
  }

  #becomeFree(pooled: PooledSlot): void {
    const request = this.#pendingRequestFor(pooled)
    if (request !== undefined) {
      this.#removePending(request)
      this.#grant(pooled, request)
      return
    }
    this.#free.add(pooled)
    pooled.cancelIdleTimer = this.#options.schedule(this.#options.idleTimeoutMs, () => {
      this.removeSlot(pooled.slot.allocationId)
      this.#options.freeSlot(pooled.slot, 'the job did not use it for slot.idle.timeout')
    })
  }

  #grant(pooled: PooledSlot, request: PendingRequest): void {
    pooled.cancelIdleTimer?.()
    pooled.cancelIdleTimer = undefined
    this.#free.delete(pooled)
    pooled.inUse = true
    this.#slotsInUse++
    request.onGranted(pooled.slot)
  }

  #freeSlotFor(request: PendingRequest): PooledSlot | undefined {
    const preferred =
      request.preferred === undefined ? undefined : this.#slots.get(request.preferred)
    if (preferred !== undefined && !preferred.inUse) return preferred
    const [longestFree] = this.#free
    return longestFree
  }

  #pendingRequestFor(pooled: PooledSlot): PendingRequest | undefined {
    const [oldest] = this.#pending
    return this.#pendingByPreferred.get(pooled.slot.allocationId) ?? oldest
  }

  #removePending(request: PendingRequest): boolean {
    const { preferred } = request
    if (preferred !== undefined && this.#pendingByPreferred.get(preferred) === request) {
      this.#pendingByPreferred.delete(preferred)
    }
    return this.#pending.delete(request)
  }
}
