import assert from 'node:assert/strict'
import type { CancelTimer } from '@flink-ts/core'
import type { ResourceProfile } from '../../messages/messages.generated.js'
import { TASK_SLOT_TRANSITIONS, type TaskSlotState } from './task-slot-state.js'

/** A slot that is allocated to a job. */
export class TaskSlot {
  readonly slotNumber: number
  readonly jobId: string
  readonly allocationId: string
  readonly profile: ResourceProfile
  /** Attempts whose threads and buffers are not gone yet. */
  readonly tasks = new Set<string>()
  /** Set while ALLOCATED. */
  cancelTimer: CancelTimer | undefined
  /** Heartbeats of the JobMaster in a row that did not name this slot. */
  unclaimedHeartbeats = 0
  #state: TaskSlotState = 'ALLOCATED'

  constructor(facts: {
    slotNumber: number
    jobId: string
    allocationId: string
    profile: ResourceProfile
  }) {
    this.slotNumber = facts.slotNumber
    this.jobId = facts.jobId
    this.allocationId = facts.allocationId
    this.profile = facts.profile
  }

  get state(): TaskSlotState {
    return this.#state
  }

  transitionTo(state: TaskSlotState): void {
    assert(
      TASK_SLOT_TRANSITIONS[this.#state].includes(state),
      `slot ${this.slotNumber}, allocation ${this.allocationId}: ${this.#state} -> ${state}`,
    )
    this.#state = state
  }
}
