import { FlinkError } from '@flink-ts/core'
import type { OperatorEventRequest } from '../messages/messages.generated.js'

/** An event arrived although one before it did not. */
export class OperatorEventGapError extends FlinkError {
  constructor(facts: { request: OperatorEventRequest; expected: number }) {
    const { executionAttemptId, operatorId, sequence } = facts.request
    super(
      `Event ${sequence} for operator ${operatorId} of task ${executionAttemptId} came before event ${facts.expected}: a sender must wait for each acknowledgement`,
      { code: 'FLINK_OPERATOR_EVENT_GAP' },
    )
  }
}

/** Tells new operator events from repeated ones; for one attempt and one direction. */
export class OperatorEventInbox {
  readonly #nextSequence = new Map<string, number>()

  /**
   * @returns whether the event is to be delivered: false for one that was before
   * @throws OperatorEventGapError
   */
  accept(request: OperatorEventRequest): boolean {
    const expected = this.#nextSequence.get(request.operatorId) ?? 0
    if (request.sequence < expected) return false
    if (request.sequence > expected) throw new OperatorEventGapError({ request, expected })
    this.#nextSequence.set(request.operatorId, expected + 1)
    return true
  }
}
