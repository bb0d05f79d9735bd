import assert from 'node:assert/strict'
import type { Logger } from '@flink-ts/core'
import type { ResourceProfile } from '../../messages/messages.generated.js'
import { SLOT_TRANSITIONS, type SlotState } from './slot-state.js'

/** To whom a slot goes or belongs. */
export interface SlotOwner {
  readonly jobId: string
  readonly allocationId: string
}

/** One slot of a TaskManager, as the ResourceManager sees it. */
export class TaskManagerSlot {
  readonly resourceId: string
  readonly slotNumber: number
  readonly profile: ResourceProfile
  readonly #log: Logger
  #state: SlotState = 'FREE'
  #owner: SlotOwner | undefined
  /** As of the last report. */
  assignedTasks = 0
  /** A request for it failed: others are tried first, until the TaskManager is heard of or some time passed. */
  isSuspect = false
  /** Logical time of the last change; a report that was asked for earlier says nothing about it. */
  changedAt = 0

  constructor(facts: {
    resourceId: string
    slotNumber: number
    profile: ResourceProfile
    log: Logger
  }) {
    this.resourceId = facts.resourceId
    this.slotNumber = facts.slotNumber
    this.profile = facts.profile
    this.#log = facts.log
  }

  /** Carved out of its TaskManager for its allocation; the slot number is the TaskManager's business. */
  get isDynamic(): boolean {
    return this.slotNumber < 0
  }

  get state(): SlotState {
    return this.#state
  }

  /** Undefined exactly when the slot is FREE. */
  get owner(): SlotOwner | undefined {
    return this.#owner
  }

  isOwnedBy(allocationId: string): boolean {
    return this.#owner?.allocationId === allocationId
  }

  transitionTo(state: 'PENDING' | 'ALLOCATED', owner: SlotOwner, at: number): void {
    this.#transition(state, owner, at)
    this.isSuspect = false
  }

  free(at: number): void {
    this.#transition('FREE', undefined, at)
    this.assignedTasks = 0
  }

  #transition(state: SlotState, owner: SlotOwner | undefined, at: number): void {
    assert(
      SLOT_TRANSITIONS[this.#state].includes(state),
      `slot ${this.slotNumber} of ${this.resourceId}: ${this.#state} -> ${state}`,
    )
    this.#log.debug('Slot changed', {
      resourceId: this.resourceId,
      slotNumber: this.slotNumber,
      from: this.#state,
      to: state,
      jobId: (owner ?? this.#owner)?.jobId,
      allocationId: (owner ?? this.#owner)?.allocationId,
    })
    this.#state = state
    this.#owner = owner
    this.changedAt = at
  }
}
