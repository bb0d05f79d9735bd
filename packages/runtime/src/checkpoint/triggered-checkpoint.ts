import type { TriggeredCheckpoint } from './checkpoint-gateways.js'
import type { CheckpointSettings } from './checkpoint-settings.js'
import type { PendingCheckpoint } from './pending-checkpoint.js'

/** What the tasks are told of a checkpoint that has its folder. Savepoints are never unaligned. With a timeout barriers begin aligned. */
export function triggeredCheckpoint(
  { checkpointId, timestampMs, request, location, isSavepoint }: PendingCheckpoint,
  { mode, unaligned, alignedTimeoutMs }: CheckpointSettings,
  isFullForced = false,
): TriggeredCheckpoint {
  const { snapshotType } = request.properties
  const isUnaligned = unaligned && !isSavepoint && mode === 'EXACTLY_ONCE'
  const alignment = isUnaligned && alignedTimeoutMs === 0 ? 'UNALIGNED' : 'ALIGNED'
  return {
    checkpointId,
    timestampMs,
    snapshotType: isFullForced && snapshotType === 'CHECKPOINT' ? 'FULL_CHECKPOINT' : snapshotType,
    alignment: mode === 'AT_LEAST_ONCE' ? mode : alignment,
    alignedTimeoutMs: isUnaligned ? alignedTimeoutMs : 0,
    ...location!,
  }
}
