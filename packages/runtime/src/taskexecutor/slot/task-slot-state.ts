/**
 * Where a slot of a TaskManager stands: ALLOCATED for a job that has not accepted it (yet, or any more),
 * ACTIVE: its JobMaster accepted it, RELEASING: its tasks are ending. A free slot has no state.
 */
export type TaskSlotState = 'ALLOCATED' | 'ACTIVE' | 'RELEASING'

/** Which state may follow which; a slot is removed from RELEASING only. */
export const TASK_SLOT_TRANSITIONS: Readonly<Record<TaskSlotState, readonly TaskSlotState[]>> = {
  ALLOCATED: ['ACTIVE', 'RELEASING'],
  ACTIVE: ['ALLOCATED', 'RELEASING'],
  RELEASING: [],
}
