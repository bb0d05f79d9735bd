import type { TriggeredCheckpoint } from './checkpoint-gateways.js'
import type { CheckpointSettings } from './checkpoint-settings.js'
import type { PendingCheckpoint } from './pending-checkpoint.js'

/** What the tasks are told of a checkpoint that has its folder. Savepoints are never unaligned. */
export function triggeredCheckpoint(
  { checkpointId, timestampMs, request, location, isSavepoint }: PendingCheckpoint,
  { mode, unaligned, alignedTimeoutMs }: CheckpointSettings,
): TriggeredCheckpoint {
  const isUnaligned = unaligned && !isSavepoint && mode === 'EXACTLY_ONCE'
  const alignment = isUnaligned ? 'UNALIGNED' : 'ALIGNED'
  return {
    checkpointId,
    timestampMs,
    snapshotType: request.properties.snapshotType,
    alignment: mode === 'AT_LEAST_ONCE' ? mode : alignment,
    alignedTimeoutMs: isUnaligned ? alignedTimeoutMs : 0,
    ...location!,
  }
}
