/** What the ResourceManager knows of one slot of a TaskManager. */
export type SlotState = 'FREE' | 'PENDING' | 'ALLOCATED'

/** Which state may follow which; ALLOCATED to ALLOCATED: a report named another allocation. */
export const SLOT_TRANSITIONS: Readonly<Record<SlotState, readonly SlotState[]>> = {
  FREE: ['PENDING', 'ALLOCATED'],
  PENDING: ['ALLOCATED', 'FREE'],
  ALLOCATED: ['FREE', 'ALLOCATED'],
}
