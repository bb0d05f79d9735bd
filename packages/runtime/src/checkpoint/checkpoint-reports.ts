import { fromErrorInfo } from '../messages/error-info.js'
import type {
  AcknowledgeCheckpointRequest,
  DeclineCheckpointRequest,
} from '../messages/messages.generated.js'
import {
  CHECKPOINT_FAILURE_REASONS,
  type CheckpointFailureReason,
} from './checkpoint-failure-reason.js'
import type {
  AcknowledgeCheckpoint,
  DeclineCheckpoint,
  SubtaskCheckpointMetrics,
} from './checkpoint-gateways.js'
import { jsonWithBytes, parseJsonWithBytes } from './json-with-bytes.js'
import type { SubtaskState } from './pending-checkpoint.js'

/** The message of an acknowledgement. */
export function acknowledgeToMessage(report: AcknowledgeCheckpoint): AcknowledgeCheckpointRequest {
  const { executionAttemptId, checkpointId, state, metrics } = report
  return {
    executionAttemptId,
    checkpointId: Number(checkpointId),
    subtaskState: jsonWithBytes(state),
    metrics: jsonWithBytes(metrics),
  }
}

/** @throws SyntaxError */
export function acknowledgeFromMessage(
  request: AcknowledgeCheckpointRequest,
): AcknowledgeCheckpoint {
  return {
    executionAttemptId: request.executionAttemptId,
    checkpointId: BigInt(request.checkpointId),
    state: parseJsonWithBytes(request.subtaskState) as SubtaskState,
    metrics: parseJsonWithBytes(request.metrics) as SubtaskCheckpointMetrics,
  }
}

/** A reason that this version does not know counts as `CHECKPOINT_DECLINED`. */
export function declineFromMessage(request: DeclineCheckpointRequest): DeclineCheckpoint {
  const { executionAttemptId, checkpointId, reason, cause } = request
  const isKnown = Object.hasOwn(CHECKPOINT_FAILURE_REASONS, reason)
  return {
    executionAttemptId,
    checkpointId: BigInt(checkpointId),
    reason: isKnown ? (reason as CheckpointFailureReason) : 'CHECKPOINT_DECLINED',
    ...(cause !== undefined && { cause: fromErrorInfo(cause) }),
  }
}
