import type { AllocationId, CancelTimer } from '@flink-ts/core'
import type { AssignedSlot } from '../../executiongraph/execution.js'
import type { ResourceProfile } from '../../messages/messages.generated.js'

/** Delays an action in the owner's main thread. */
export type ScheduleAction = (delayMs: number, action: () => void) => CancelTimer

/** A wish for one slot. */
export interface SlotRequest {
  /** The wish is withdrawn; does nothing once it was granted. */
  cancel(): void
}

/** Which slot is wished for. */
export interface SlotWish {
  /** What the slot must have. Absent: one of the equal shares of a TaskManager, whatever it has. */
  readonly profile?: ResourceProfile | undefined
  /** How many tasks run in the slot at most. Default 1. */
  readonly tasks?: number
  /** The slot of an earlier attempt: taken if it is free, and kept for this wish if it comes free later. */
  readonly previous?: AllocationId | undefined
  /** TaskManagers where inputs lie, best first: their slots come before others. */
  readonly taskManagers?: readonly string[]
}

/** What a scheduler needs of a slot pool. */
export interface SlotProvider {
  /**
   * A slot that is held back (see {@link holdBack}) is not granted, even if no other is free.
   *
   * @param onGranted called once, possibly before this call returns
   */
  requestSlot(onGranted: (slot: AssignedSlot) => void, wish?: SlotWish): SlotRequest
  /** The slot is not used any more. Unknown ones (lost meanwhile) are ignored. */
  releaseSlot(allocationId: AllocationId): void
  /** Slots that earlier attempts used that are about to run again: only wishes that prefer them get them. */
  holdBack(allocationIds: Iterable<AllocationId>): void
  /** They are held back no more. */
  yieldBack(allocationIds: Iterable<AllocationId>): void
  /** Slots that are held or wished for. */
  readonly requiredSlots: number
  /** Slots that are held, used or not. */
  readonly availableSlots: number
  /** Why wishes are not granted, in the words of the ResourceManager; undefined: it did not say. */
  readonly shortage: string | undefined
}
